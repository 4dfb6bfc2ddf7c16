/** Exports of runs, as tasks. */
import type { exportsContract } from '../../../shared/contract/exports.ts';
import type { Lab } from '../../lab/lab.ts';
import type { HandlersOf } from '../dispatcher.ts';

export function exportsHandlers({ runs, workers, jobs }: Lab): HandlersOf<typeof exportsContract> {
  return {
    formats: ({ run }, { signal }) => workers.call('exportFormats', { run: runs.get(run).id }, { signal }),
    start(input) {
      const { id: run, spec } = runs.get(input.run);
      const { id } = jobs.start('export', `Export of ${spec.name}`, async (signal, onProgress) => ({
        result: await workers.callAlone('export', { ...input, run }, { signal, onProgress }),
      }));
      return { job: id };
    },
  };
}
