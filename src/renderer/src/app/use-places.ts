/** Reads the places that a search may be after, and only while somebody searches. */
import type { ComputedRef } from 'vue';
import { computed } from 'vue';
import { useRouter } from 'vue-router';
import type { Action } from '../actions/action.ts';
import { useRequest } from '../composables/use-request.ts';
import { placeActions } from './places.ts';

/** The lab finds runs itself, as there may be thousands: the latest that have all words. */
const mostRuns = 20;

/** @param query what is searched for; empty while nobody does */
export function usePlaces(query: () => string): ComputedRef<readonly Action[]> {
  const router = useRouter();
  const words = computed(() => query().trim());
  const nothing = () => (words.value === '' ? undefined : {});
  const { data: list } = useRequest(
    () => (words.value === '' ? undefined : { filter: { text: words.value }, limit: mostRuns }),
    (lab, input, options) => lab.runs.list(input, options),
    { debounce: 100 },
  );
  const { data: materials } = useRequest(nothing, (lab, input, options) => lab.materials.list(input, options));
  const { data: models } = useRequest(nothing, (lab, input, options) => lab.models.list(input, options));
  const { data: pipelines } = useRequest(nothing, (lab, input, options) => lab.pipelines.list(input, options));
  const { data: presets } = useRequest(nothing, (lab, input, options) => lab.registry.presets(input, options));
  const { data: studies } = useRequest(nothing, (lab, input, options) => lab.studies.list(input, options));
  const { data: sweeps } = useRequest(nothing, (lab, input, options) => lab.sweeps.list(input, options));
  return computed(() =>
    placeActions(
      {
        runs: list.value?.runs ?? [],
        materials: materials.value?.materials ?? [],
        models: models.value?.models ?? [],
        pipelines: pipelines.value ?? [],
        presets: presets.value ?? [],
        studies: studies.value?.studies ?? [],
        sweeps: sweeps.value?.sweeps ?? [],
      },
      (place) => void router.push(place),
    ),
  );
}
