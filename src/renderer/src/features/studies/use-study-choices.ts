/**
 * What a person chooses on the form of a new study. Everything has a value from the start and follows what was chosen before it:
 * the set fits the network, the budgets fit the set, the name says both.
 */
import type { ComputedRef, Ref } from 'vue';
import { computed, ref, watch } from 'vue';
import { useRoute } from 'vue-router';
import type { MaterialSummary } from '../../../../shared/contract/materials.ts';
import type { TaskInformation } from '../../../../shared/contract/registry.ts';
import type { Run } from '../../../../shared/contract/runs.ts';
import { useRequest } from '../../composables/use-request.ts';
import { mediumOf } from '../../../../shared/spec/data-kind.ts';
import type { BudgetOption, StudyChoice } from '../../../../shared/study/design-study.ts';
import {
  budgetOptionsOf,
  parseBudgets,
  sizeOf,
  studyName,
  suggestBudgets,
  tasksFor,
  usualSeeds,
} from '../../../../shared/study/design-study.ts';
import type { Selection } from './use-selection.ts';
import { useSelection } from './use-selection.ts';

export interface StudyChoices {
  /** Whether it is known what there is to choose from. */
  readonly ready: ComputedRef<boolean>;
  readonly sources: Selection<Run>;
  /** Labelled data of the kind that the source has learned from. */
  readonly materials: Selection<MaterialSummary>;
  readonly tasks: Selection<TaskInformation>;
  readonly readsText: ComputedRef<boolean>;
  /** What the source's labelled data would be, also where there is none yet. */
  readonly wantsImages: ComputedRef<boolean>;
  readonly budgetOptions: Selection<BudgetOption>;
  readonly metrics: Selection<string>;
  readonly budgetText: Ref<string>;
  /** Null while the text is no list of numbers. */
  readonly budgets: ComputedRef<readonly number[] | null>;
  readonly allLabels: Ref<boolean>;
  readonly withBaselines: Ref<boolean>;
  readonly tuned: Ref<boolean>;
  /** Whether the task has frozen features and classical baselines. */
  readonly canCompare: ComputedRef<boolean>;
  readonly seeds: Ref<number>;
  readonly steps: Ref<number>;
  readonly batchSize: Ref<number>;
  readonly learningRate: Ref<number>;
  readonly name: Ref<string>;
  /** Undefined while something is missing. */
  readonly choice: ComputedRef<StudyChoice | undefined>;
}

/** What the address asks for: `?run=…&data=…`. */
function queryOf(route: ReturnType<typeof useRoute>, key: string): string | undefined {
  const value = route.query[key];
  return typeof value === 'string' ? value : undefined;
}

export function useStudyChoices(): StudyChoices {
  const route = useRoute();
  const { data: known } = useRequest(
    () => ({}),
    (client, input, options) => client.registry.tasks(input, options),
  );
  const { data: runs } = useRequest(
    () => ({ filter: { states: ['finished' as const, 'stopped' as const] }, limit: 500 }),
    (client, input, options) => client.runs.list(input, options),
    { refreshOn: ['runs'] },
  );
  const { data: list } = useRequest(
    () => ({}),
    (client, input, options) => client.materials.list(input, options),
    { refreshOn: ['materials'] },
  );
  const { data: studies } = useRequest(
    () => ({}),
    (client, input, options) => client.studies.list(input, options),
    { refreshOn: ['runs'] },
  );

  const sources = useSelection(
    () => (runs.value?.runs ?? []).filter(({ taskKind }) => taskKind === 'pretext'),
    ({ id }) => id,
    () => queryOf(route, 'run'),
  );
  const fitting = computed(() =>
    sources.current.value ? tasksFor(sources.current.value.task, known.value ?? []) : [],
  );
  const materials = useSelection(
    () => {
      const kinds = new Set(fitting.value.flatMap(({ data }) => data));
      return (list.value?.materials ?? []).filter(({ group, kind }) => group === 'dataset' && kinds.has(kind));
    },
    ({ name: own }) => own,
    () => queryOf(route, 'data'),
  );
  const material = materials.current;
  const tasks = useSelection(
    () => {
      const { value: found } = material;
      if (found === undefined || sources.current.value === undefined) return [];
      const suited = tasksFor(sources.current.value.task, known.value ?? [], found.targets ?? undefined);
      return suited.filter(({ data }) => data.includes(found.kind));
    },
    ({ type }) => type,
    (items) => items[0]?.type,
  );
  const budgetOptions = useSelection<BudgetOption>(
    () => budgetOptionsOf(tasks.current.value),
    (option) => option,
  );
  const budgetOption = computed(() => budgetOptions.current.value ?? 'total');
  const metrics = useSelection(
    () => tasks.current.value?.metrics ?? [],
    (metric) => metric,
  );
  const readsText = computed(() => material.value !== undefined && mediumOf(material.value.kind) === 'text');

  const budgetText = ref('');
  const budgets = computed(() => parseBudgets(budgetText.value));
  const allLabels = ref(false);
  const withBaselines = ref(true);
  const tuned = ref(true);
  const canCompare = computed(() => tasks.current.value?.comparesMethods === true);
  const seeds = ref(usualSeeds);
  const steps = ref(0);
  const batchSize = ref(0);
  const learningRate = ref(0);
  const name = ref('');

  watch(
    () => tasks.current.value?.fewLabels,
    (usual) => {
      if (!usual) return;
      ({ steps: steps.value, batchSize: batchSize.value, learningRate: learningRate.value } = usual);
    },
    { immediate: true },
  );
  watch(
    [material, budgetOption],
    ([found, option]) => {
      if (found === undefined) return;
      budgetText.value = suggestBudgets(...sizeOf(found.counts), option).join(', ');
    },
    { immediate: true },
  );
  watch(
    [sources.current, material, studies],
    ([from, found, taken]) => {
      if (!from || !found || !taken) return;
      const names = [...taken.studies, ...taken.damaged].map((study) => study.name);
      name.value = studyName(from, found.name, names);
    },
    { immediate: true },
  );

  const choice = computed<StudyChoice | undefined>(() =>
    sources.current.value && budgets.value
      ? {
          name: name.value,
          source: sources.current.value.id,
          budgets: budgets.value,
          budgetOption: budgetOption.value,
          allLabels: allLabels.value || budgets.value.length === 0,
          seeds: seeds.value,
          steps: steps.value,
          batchSize: batchSize.value,
          learningRate: learningRate.value,
          metric: metrics.current.value ?? '',
          withBaselines: withBaselines.value && canCompare.value,
          hasLinearProbe: tasks.current.value?.hasLinearProbe ?? false,
          tuned: tuned.value,
        }
      : undefined,
  );
  return {
    ready: computed(() => runs.value !== undefined && list.value !== undefined && known.value !== undefined),
    sources,
    materials,
    tasks,
    readsText,
    wantsImages: computed(() => mediumOf(fitting.value[0]?.data[0] ?? '') === 'images'),
    budgetOptions,
    metrics,
    budgetText,
    budgets,
    allLabels,
    withBaselines,
    tuned,
    canCompare,
    seeds,
    steps,
    batchSize,
    learningRate,
    name,
    choice,
  };
}
