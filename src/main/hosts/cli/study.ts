/** `pretext study`: what did the pretraining buy? One table of arms, baselines and gains with their intervals. */
import type { Command } from 'commander';
import { formatNumber, formatSigned } from '../../../shared/display.ts';
import type { Interval } from '../../../shared/stats.ts';
import type { StudyResult } from '../../../shared/spec/study.ts';
import { readSpecFile } from '../../runs/spec-file.ts';
import type { SpecSource } from '../../runs/spec-file.ts';
import { parseStudy, planStudy, runStudy } from '../../runs/study.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { exitCodes } from './exit-codes.ts';
import { globalsOf, workspaceOf } from './globals.ts';
import { interruptible } from './interrupt.ts';
import { print, printJson, say, table } from './output.ts';
import { createProgress } from './progress.ts';

export function registerStudy(program: Command): void {
  program
    .command('study')
    .description('measure the transfer gain: a grid of arms, conditions and seeds')
    .argument('<spec>', 'a study file (YAML or JSON)')
    .option('-n, --dry-run', 'check everything and list the runs')
    .action(async (file: string, { dryRun = false }: { readonly dryRun?: boolean }, command: Command) => {
      const source = await readSpecFile(file);
      const json = globalsOf(command).json ?? false;
      if (dryRun) {
        const cells = planStudy(parseStudy(source), source);
        if (json) printJson(cells);
        else print(cells.map(({ experiment }) => experiment.name).join('\n'));
        return;
      }
      const result = await studyWithProgress(await workspaceOf(command), source);
      if (!result) {
        say('Stopped. The same command goes on where it stopped.');
        process.exitCode = exitCodes.interrupted;
      } else if (json) printJson(result);
      else print(describeStudy(result));
    });
}

/** Runs a study with a progress bar for each run; undefined when it was stopped by Ctrl-C. */
export async function studyWithProgress(workspace: Workspace, source: SpecSource): Promise<StudyResult | undefined> {
  const progress = createProgress();
  return interruptible('Stopping at a checkpoint …', async (signal) => {
    try {
      return await runStudy(workspace, parseStudy(source), source, {
        signal,
        onCell: ({ condition, arm, seed }, index, total, reused) => {
          progress.note(
            `Run ${index + 1} of ${total}: ${condition}, ${arm}, seed ${seed}${reused ? ' (done before)' : ''}`,
          );
        },
        onEvent: (event) => {
          if (event.type === 'started' || event.type === 'resumed') {
            progress.start('Training', event.totalSteps, 'steps', event.step);
          }
        },
        onStep: (step, loss) => {
          progress.update(step, `loss ${formatNumber(loss)}`);
        },
      });
    } finally {
      progress.stop();
    }
  });
}

/** The answer as tables: every arm and baseline by condition, and the gains. */
export function describeStudy({ name, metric, arms, baselines, gains, runs }: StudyResult): string {
  const conditions = [...new Set(arms.map(({ condition }) => condition))];
  const seeds = new Set(runs.map(({ seed }) => seed)).size;
  const sections = conditions.map((condition) => {
    const rows = [
      ...arms
        .filter((row) => row.condition === condition)
        .map(({ arm, mean, interval }) => [arm, formatNumber(mean), show(interval)]),
      ...baselines
        .filter((row) => row.condition === condition)
        .map(({ name: baseline, mean, interval }) => [`(${baseline})`, formatNumber(mean), show(interval)]),
    ];
    const gainRows = gains
      .filter((row) => row.condition === condition)
      .map(({ arm, reference, gain, interval }) =>
        `Transfer gain of ${arm} over ${reference}: ${formatSigned(gain)} ${show(interval)}`.trimEnd(),
      );
    return [
      condition,
      table([{ title: '' }, { title: metric, align: 'right' }, { title: '95 % interval' }], rows),
      ...gainRows,
    ].join('\n');
  });
  return [
    `${name}: ${metric} on the ${runs[0]?.split ?? 'test'} split, ${seeds === 1 ? 'of one seed' : `mean over ${seeds} seeds`}, in parentheses the baselines`,
    ...sections,
  ].join('\n\n');
}

function show(interval: Interval | null): string {
  return interval ? `[${formatNumber(interval.low)}, ${formatNumber(interval.high)}]` : '';
}
