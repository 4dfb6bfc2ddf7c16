/** Answers to whole files, as tasks. */
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { predictionsContract } from '../../../shared/contract/predictions.ts';
import { predicted } from '../../../shared/contract/predictions.ts';
import { formatBytes } from '../../../shared/display.ts';
import { LabError } from '../../../shared/errors.ts';
import type { Lab } from '../../lab/lab.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { nameOf } from './asked-name.ts';

/** What a page can hold. */
const largestFile = 16_000_000;

const mediaTypes: Readonly<Record<string, string>> = { '.csv': 'text/csv', '.jsonl': 'application/x-ndjson' };

export function predictionsHandlers(lab: Lab): HandlersOf<typeof predictionsContract> {
  const { workers, jobs } = lab;
  return {
    start(input) {
      const { id } = jobs.start('prediction', `Answers of ${nameOf(lab, input.run)}`, async (signal, onProgress) => ({
        result: await workers.callAlone('predictFile', input, { signal, onProgress }),
      }));
      return { job: id };
    },
    async file({ job }) {
      const { kind, result } = jobs.get(job);
      const found = predicted.safeParse(result);
      if (kind !== 'prediction' || !found.success) {
        throw new LabError('not-found', 'This task has written no answers', { job });
      }
      const { output, bytes } = found.data;
      if (bytes > largestFile) {
        throw new LabError('too-large', `${output} has ${formatBytes(bytes)}: open it where it is`, { output, bytes });
      }
      const type = mediaTypes[extname(output)] ?? 'application/octet-stream';
      const content = await readFile(output).catch((error: unknown) => {
        throw new LabError('not-found', `${output} is not there any more`, { output }, error);
      });
      return { name: basename(output), url: `data:${type};base64,${content.toString('base64')}` };
    },
  };
}
