/**
 * The way from files to a network that answers. Where it stands is in the address, so that a page that is loaded anew goes on: an
 * import that runs, or the run that follows it.
 */
import { computed, ref, watch } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import type { ImportRequest } from '../../../../shared/contract/materials.ts';
import type { Run } from '../../../../shared/contract/runs.ts';
import { useLab } from '../../composables/use-lab.ts';
import { useOperation } from '../../composables/use-operation.ts';
import { useRequest } from '../../composables/use-request.ts';
import { useSubscription } from '../../composables/use-subscription.ts';
import { useJobStore } from '../../stores/jobs.ts';
import { useStartSources } from '../datasets/import-sources.ts';
import { fitToMinutes, freeName } from './start-plan.ts';

export type Screen = 'data' | 'learning' | 'try';

export function useGuidedStart() {
  const lab = useLab();
  const route = useRoute();
  const router = useRouter();
  const jobs = useJobStore();
  const sources = useStartSources();

  const of = (key: string) =>
    computed(() => {
      const value = route.name === 'start' ? route.query[key] : undefined;
      return typeof value === 'string' && value !== '' ? value : undefined;
    });
  const jobId = of('job');
  const runId = of('run');
  /** The pretrained run that is fine-tuned. */
  const from = of('from');
  const job = computed(() => jobs.all.find(({ id }) => id === jobId.value));

  const { data: details, error: runError } = useRequest(
    () => (runId.value === undefined ? undefined : { id: runId.value }),
    (client, input, options) => client.runs.get(input, options),
    { refreshOn: ['runs'] },
  );
  const followed = ref<Run>();
  useSubscription(
    () => (runId.value === undefined ? undefined : { id: runId.value }),
    (client, input, handlers: Parameters<typeof client.runs.follow>[1]) => client.runs.follow(input, handlers),
    {
      onEvent(event) {
        followed.value = event.run;
      },
    },
  );
  const run = computed(() => (followed.value?.id === runId.value ? followed.value : details.value?.run));
  const screen = computed<Screen>(() => {
    if (runId.value === undefined) return jobId.value === undefined ? 'data' : 'learning';
    return run.value?.state === 'finished' || (run.value?.state === 'stopped' && run.value.step > 0)
      ? 'try'
      : 'learning';
  });

  function goTo(query: Readonly<Record<string, string | undefined>>): Promise<unknown> {
    return router.replace({ name: 'start', query: { ...query, from: from.value } });
  }

  const begin = useOperation('The import could not be started', async (request: ImportRequest) => {
    const { materials } = await lab.materials.list({});
    const taken = new Set(materials.map(({ name }) => name));
    const { job: started } = await lab.materials.import({ ...request, name: freeName(request.name, taken) });
    sources.handOver();
    await goTo({ job: started });
  });

  const train = useOperation(
    'The training could not be started',
    async ({ group, name }: { readonly group: 'corpus' | 'dataset'; readonly name: string }) => {
      const spec = await lab.experiments.suggest({
        data: name,
        group,
        ...(group === 'corpus' && { kind: 'pretext' as const }),
        ...(from.value !== undefined && { kind: 'supervised' as const, from: from.value }),
      });
      const named = { ...spec, name };
      const { plan, problems } = await lab.experiments.plan({ spec: named });
      if (plan === null) throw new Error(problems[0]?.message ?? 'The lab found no training for these files.');
      const { ids } = await lab.runs.create({ spec: fitToMinutes(named, plan.estimate.seconds, plan.totalSteps) });
      await goTo({ run: ids[0] });
    },
  );
  const problem = ref('');
  // Whoever made the import may have been another page: its end is what counts.
  watch(
    () => (runId.value === undefined && job.value?.state === 'done' ? job.value.id : undefined),
    async (ended) => {
      const [made] = job.value?.made ?? [];
      if (ended === undefined || train.running.value) return;
      if (made === undefined) problem.value = 'The import made nothing that can be trained on.';
      else if ((await train.perform(made)) === undefined && runId.value === undefined) {
        problem.value = 'The files are imported, but no training began with them.';
      }
    },
    { immediate: true },
  );

  const enough = useOperation('The run could not be stopped', async () => {
    if (run.value) await lab.runs.pause({ ids: [run.value.id] });
  });

  /** Back to the first screen, with the network that was pretrained or without. */
  async function again(pretrained?: string): Promise<void> {
    problem.value = '';
    await sources.clear(lab);
    await router.push({ name: 'start', query: pretrained === undefined ? {} : { from: pretrained } });
  }

  return {
    sources,
    screen,
    from,
    job,
    run,
    runError,
    problem,
    begin,
    enough,
    again,
  };
}
