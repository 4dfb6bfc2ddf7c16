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
import type { BudgetOption, StudyChoice } from './study-draft.ts';
import {
  budgetOptionsOf,
  hasClasses,
  parseBudgets,
  studyName,
  suggestBudgets,
  tasksFor,
  trainingFor,
} from './study-draft.ts';
import type { Selection } from './use-selection.ts';
import { useSelection } from './use-selection.ts';

export interface StudyChoices {
  /** Whether it is known what there is to choose from. */
  readonly ready: ComputedRef<boolean>;
  readonly sources: Selection<Run>;
  /** Labelled data of the kind that the source has learned from. */
  readonly materials: Selection<MaterialSummary>;
  readonly tasks: Selection<TaskInformation>;
  /** Whether the source reads images or text, which also suggests how to train. */
  readonly reads: ComputedRef<'images' | 'tokens'>;
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
    () => fitting.value.filter(({ data }) => material.value !== undefined && data.includes(material.value.kind)),
    ({ type }) => type,
    (items) => items.find(({ type }) => type.endsWith('classification'))?.type,
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
  const reads = computed(() => (material.value?.kind.startsWith('image') === true ? 'images' : 'tokens'));

  const budgetText = ref('');
  const budgets = computed(() => parseBudgets(budgetText.value));
  const allLabels = ref(false);
  const withBaselines = ref(true);
  const tuned = ref(true);
  const canCompare = computed(() => hasClasses(tasks.current.value));
  const seeds = ref(5);
  const usual = trainingFor(reads.value);
  const steps = ref(usual.steps);
  const batchSize = ref(usual.batchSize);
  const learningRate = ref(usual.learningRate);
  const name = ref('');

  watch(reads, (kind) => {
    ({ steps: steps.value, batchSize: batchSize.value, learningRate: learningRate.value } = trainingFor(kind));
  });
  watch(
    [material, budgetOption],
    ([found, option]) => {
      if (found === undefined) return;
      const { examples = 0, images = 0, classes = 2 } = found.counts;
      budgetText.value = suggestBudgets(Math.max(examples, images), classes, option).join(', ');
    },
    { immediate: true },
  );
  watch(
    [sources.current, material, studies],
    ([from, found, taken]) => {
      if (!from || !found || !taken) return;
      const names = taken.map((study) => study.name);
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
          tuned: tuned.value,
        }
      : undefined,
  );
  return {
    ready: computed(() => runs.value !== undefined && list.value !== undefined && known.value !== undefined),
    sources,
    materials,
    tasks,
    reads,
    wantsImages: computed(() => fitting.value[0]?.data[0]?.startsWith('image') === true),
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
