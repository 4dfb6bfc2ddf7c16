/** Bundles for other labs and from them, as tasks. */
import { basename } from 'node:path';
import type { bundlesContract } from '../../../shared/contract/bundles.ts';
import type { Lab } from '../../lab/lab.ts';
import type { HandlersOf } from '../dispatcher.ts';

export function bundlesHandlers(lab: Lab): HandlersOf<typeof bundlesContract> {
  const { workers, jobs, materials } = lab;
  return {
    look: (input, { signal }) => workers.call('lookAtBundle', input, { signal }),
    create(input) {
      const { id } = jobs.start(
        'bundle',
        `Bundle of ${input.of.name}`,
        async (signal, onProgress) => ({
          result: await workers.callAlone('createBundle', input, { signal, onProgress }),
        }),
        `${input.of.kind} ${input.of.name}`,
      );
      return { job: id };
    },
    verify(input) {
      const { id } = jobs.start(
        'bundle',
        `Verification of ${basename(input.file)}`,
        async (signal, onProgress) => ({
          result: await workers.callAlone('verifyBundle', input, { signal, onProgress }),
        }),
        `bundle ${input.file}`,
      );
      return { job: id };
    },
    open({ file }) {
      const { id } = jobs.start(
        'bundle',
        `Bundle ${basename(file)}`,
        async (signal, onProgress) => {
          const result = await workers.callAlone('openBundle', { file }, { signal, onProgress });
          await materials.scan(); // runs are found by the lab's own scan, a moment later
          return { result };
        },
        `bundle ${file}`,
      );
      return { job: id };
    },
  };
}
