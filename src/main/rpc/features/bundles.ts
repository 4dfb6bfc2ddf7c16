/** Bundles of other labs, as tasks. */
import { basename } from 'node:path';
import type { bundlesContract } from '../../../shared/contract/bundles.ts';
import type { Lab } from '../../lab/lab.ts';
import type { HandlersOf } from '../dispatcher.ts';

export function bundlesHandlers(lab: Lab): HandlersOf<typeof bundlesContract> {
  const { workers, jobs, materials } = lab;
  return {
    look: (input, { signal }) => workers.call('lookAtBundle', input, { signal }),
    open({ file }) {
      const { id } = jobs.start('bundle', `Bundle ${basename(file)}`, async (signal, onProgress) => {
        const result = await workers.callAlone('openBundle', { file }, { signal, onProgress });
        await materials.scan(); // runs are found by the lab's own scan, a moment later
        return { result };
      });
      return { job: id };
    },
  };
}
