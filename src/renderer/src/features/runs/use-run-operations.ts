/** What a person does to runs: the same for the list, for a run's own page and for comparisons. */
import { useRouter } from 'vue-router';
import { plural } from '../../../../shared/display.ts';
import type { Run } from '../../../../shared/contract/runs.ts';
import { useLab } from '../../composables/use-lab.ts';
import type { Operation } from '../../composables/use-operation.ts';
import { useOperation } from '../../composables/use-operation.ts';
import { useToastStore } from '../../stores/toasts.ts';

type Ids = readonly string[];

export interface RunOperations {
  /** With a checkpoint, to be resumed. */
  readonly stop: Operation<[ids: Ids], Run[]>;
  /** From the last checkpoint, or from an earlier one where that is damaged. */
  readonly resume: Operation<[ids: Ids, checkpoint?: number], Run[]>;
  /** Before all that wait. */
  readonly start: Operation<[ids: Ids], Run[]>;
  readonly retry: Operation<[ids: Ids], { ids: string[] }>;
  readonly archive: Operation<[ids: Ids, archived: boolean], Run[]>;
  readonly pin: Operation<[ids: Ids, pinned: boolean], Run[]>;
  readonly tag: Operation<[ids: Ids, change: { readonly add?: string[]; readonly remove?: string[] }], Run[]>;
  /** Offers to undo it. */
  readonly remove: Operation<[ids: Ids], boolean>;
  readonly compare: (ids: Ids) => void;
  readonly clone: (id: string) => void;
}

export function useRunOperations(): RunOperations {
  const lab = useLab();
  const router = useRouter();
  const toasts = useToastStore();
  const several = (count: number): string => (count === 1 ? 'The run is' : plural(count, 'run is', 'runs are'));
  return {
    stop: useOperation('The run could not be stopped', (ids: Ids) => lab.runs.pause({ ids: [...ids] })),
    resume: useOperation('The run could not be resumed', (ids: Ids, checkpoint?: number) =>
      lab.runs.resume({ ids: [...ids], ...(checkpoint !== undefined && { checkpoint }) }),
    ),
    start: useOperation('The run could not be started', async (ids: Ids) => {
      const started = await lab.runs.resume({ ids: [...ids], first: true });
      const [run] = started;
      const { active } = await lab.runs.queue({});
      if (run?.state === 'queued' && active.length > 0) {
        toasts.show({
          severity: 'information',
          title: 'It is the next one',
          message: `${active.join(', ')} trains at the moment.`,
        });
      }
      return started;
    }),
    retry: useOperation('The run could not be started again', async (ids: Ids) => {
      const created = await lab.runs.retry({ ids: [...ids] });
      toasts.show({
        severity: 'success',
        title: `${several(created.ids.length)} queued`,
        message: created.ids.join(', '),
      });
      return created;
    }),
    archive: useOperation('The archive was not changed', async (ids: Ids, archived: boolean) => {
      const runs = await lab.runs.archive({ ids: [...ids], archived });
      toasts.show({
        severity: 'success',
        title: archived ? `${several(ids.length)} archived` : `${several(ids.length)} brought back`,
        offer: {
          label: 'Undo',
          run: async () => {
            await lab.runs.archive({ ids: [...ids], archived: !archived });
          },
        },
      });
      return runs;
    }),
    pin: useOperation('The pin was not changed', (ids: Ids, pinned: boolean) =>
      lab.runs.pin({ ids: [...ids], pinned }),
    ),
    tag: useOperation('The tags were not changed', (ids: Ids, change) => lab.runs.tag({ ids: [...ids], ...change })),
    remove: useOperation('The run could not be deleted', async (ids: Ids) => {
      const { undo } = await lab.runs.delete({ ids: [...ids] });
      toasts.show({
        severity: 'success',
        title: `${several(ids.length)} deleted`,
        offer: {
          label: 'Undo',
          run: async () => {
            await lab.runs.restore({ undo });
          },
        },
      });
      return true;
    }),
    compare: (ids) => void router.push({ name: 'compare', query: { runs: ids.join(',') } }),
    clone: (id) => void router.push({ name: 'experiments', query: { clone: id } }),
  };
}
