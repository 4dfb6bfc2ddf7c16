/** Labelling with a classifier beside it. */
import type { labellingContract } from '../../../shared/contract/labelling.ts';
import type { Lab } from '../../lab/lab.ts';
import type { HandlersOf } from '../dispatcher.ts';
import { nameOf } from './asked-name.ts';

export function labellingHandlers(lab: Lab): HandlersOf<typeof labellingContract> {
  const { workers, jobs } = lab;
  return {
    next(input) {
      const title = `What to label next in ${input.data}, asked of ${nameOf(lab, input.run)}`;
      const { id } = jobs.start('labelling', title, async (signal, onProgress) => ({
        result: await workers.callAlone('labelNext', input, { signal, onProgress }),
      }));
      return { job: id };
    },
  };
}
