/** A projection that the lab has been asked for: how it stands, and what it came to. */
import { computed, ref } from 'vue';
import type { z } from 'zod';
import type { demosContract } from '../../../../shared/contract/demos.ts';
import { embeddings } from '../../../../shared/contract/demos.ts';
import { useLab } from '../../composables/use-lab.ts';
import { useOperation } from '../../composables/use-operation.ts';
import { useRequest } from '../../composables/use-request.ts';

export type Projection = ReturnType<typeof useProjection>;

export function useProjection() {
  const lab = useLab();
  const job = ref('');
  const starting = useOperation(
    'The projection could not be started',
    async (asked: z.input<typeof demosContract.embeddings.input>) => {
      job.value = (await lab.demos.embeddings(asked)).job;
    },
  );
  const cancelling = useOperation('The projection could not be stopped', () => lab.jobs.cancel({ id: job.value }));
  const { data: state } = useRequest(
    () => (job.value === '' ? undefined : { id: job.value }),
    (client, input, options) => client.jobs.get(input, options),
    { refreshOn: ['jobs'] },
  );
  return {
    start: starting.perform,
    cancel: cancelling.perform,
    forget(): void {
      job.value = '';
    },
    state,
    isRunning: computed(
      () => starting.running.value || state.value?.state === 'running' || state.value?.state === 'cancelling',
    ),
    projected: computed(() =>
      state.value?.state === 'done' ? embeddings.safeParse(state.value.result).data : undefined,
    ),
  };
}
