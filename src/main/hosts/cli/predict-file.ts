/** `pretext predict --input --output`: a run or a model answers all that a file or a folder holds. */
import type { Command } from 'commander';
import { formatCount, plural } from '../../../shared/display.ts';
import type { PredictFileResult } from '../../runs/batch/predict-file.ts';
import { predictFile } from '../../runs/batch/predict-file.ts';
import type { TrainedNetwork } from '../../runs/trained-network.ts';
import { globalsOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { print, printJson, say } from './output.ts';
import { createProgress } from './progress.ts';
import type { TableOptions } from './table-options.ts';
import { textTableOptionsOf } from './table-options.ts';

export interface FileOptions extends TableOptions {
  readonly input?: string;
  readonly output?: string;
  readonly textColumn?: string;
  readonly pairColumn?: string;
  readonly keep?: readonly string[];
  readonly embeddings?: boolean;
}

/** Options that have no effect on a single question. */
export const fileOptionNames = [
  'output',
  'textColumn',
  'pairColumn',
  'keep',
  'embeddings',
  'encoding',
  'header',
  'quote',
  'pathColumn',
  'root',
];

/** Failed rows that are named on the screen. */
const namedFailures = 10;

export async function predictFiles(
  network: TrainedNetwork,
  top: number | undefined,
  options: FileOptions & { readonly input: string; readonly output: string },
  command: Command,
): Promise<void> {
  const { input, output, textColumn, pairColumn, keep, embeddings, pathColumn, root } = options;
  const progress = createProgress();
  const result = await interruptible('Stopping; nothing will be kept …', async (signal) => {
    let hasBegun = false;
    try {
      return await predictFile(network, {
        ...textTableOptionsOf(options),
        ...{ input, output, textColumn, pairColumn, keep, embeddings, pathColumn, root, top, signal },
        onProgress({ done, total, unit, failed }) {
          if (!hasBegun) progress.start(embeddings ? 'Embedding' : 'Predicting', total, unit, 0);
          hasBegun = true;
          progress.update(done, failed > 0 ? `${formatCount(failed)} failed` : '');
        },
      });
    } finally {
      progress.stop();
    }
  });
  report(result);
  if (globalsOf(command).json) printJson(result);
  else print(`${result.output}: ${formatCount(result.answered)} answered by ${result.run}, step ${result.step}`);
}

function report({ failed, failures, truncated, answered }: PredictFileResult): void {
  if (truncated > 0) {
    say(
      `${formatCount(truncated)} of ${plural(answered, 'text')} cut off, being longer than the model reads; the column 'truncated' tells which`,
    );
  }
  if (failed === 0) return;
  say(`${formatCount(failed)} ${failed === 1 ? 'row has' : 'rows have'} no answer; the column 'problem' says why:`);
  for (const { file, line, problem } of failures.slice(0, namedFailures)) {
    say(`  ${file}${line === null ? '' : `, line ${line}`}: ${problem}`);
  }
  if (failed > namedFailures) say(`  and ${formatCount(failed - namedFailures)} more`);
}
