/** What the choices on the form come to: the study's spec, what would be run, how long that takes, and what stands against it. */
import type { ComputedRef, ShallowRef } from 'vue';
import { computed } from 'vue';
import type { ExperimentPlanSummary } from '../../../../shared/contract/experiments.ts';
import { formatDuration } from '../../charts/time-axis.ts';
import type { JsonObject } from '../../components/schema-form/fields.ts';
import { useRequest } from '../../composables/use-request.ts';
import { armColours } from './label-efficiency.ts';
import { conditionWords } from '../../../../shared/study/verdict.ts';
import { conditionName, largestCell, studyOf } from '../../../../shared/study/design-study.ts';
import type { StudyChoices } from './use-study-choices.ts';

export interface StudyPlan {
  /** Undefined while something is missing. */
  readonly spec: ComputedRef<JsonObject | undefined>;
  /** With the token of their colour. */
  readonly arms: ComputedRef<readonly { readonly name: string; readonly colour: string }[]>;
  readonly conditions: ComputedRef<readonly string[]>;
  readonly runs: ComputedRef<number>;
  /** Trainings of networks, those of tuning included. */
  readonly trainings: ComputedRef<number>;
  /** Of all runs; undefined until something was measured on this computer. */
  readonly duration: ComputedRef<string | undefined>;
  /** What comes from the source, and what begins at random. */
  readonly weights: ComputedRef<ExperimentPlanSummary['weights'] | undefined>;
  /** Of one of the runs. */
  readonly cellPlan: ComputedRef<ExperimentPlanSummary | null | undefined>;
  readonly problems: ComputedRef<readonly string[]>;
  /** Whether an answer of the lab is on its way. */
  readonly checking: ComputedRef<boolean>;
  readonly canStart: ComputedRef<boolean>;
  /** The study as a file for the command line. */
  readonly file: Readonly<ShallowRef<{ readonly text: string } | undefined>>;
}

export function useStudyPlan({ sources, materials, tasks, readsText, budgets, choice }: StudyChoices): StudyPlan {
  const suggestion = useRequest(
    () => {
      const [from, data, task] = [sources.current.value, materials.current.value, tasks.current.value];
      return from && data && task ? { task: task.type, data: data.name, from: from.id } : undefined;
    },
    (client, input, options) => client.experiments.suggest(input, options),
  );
  const spec = computed(() =>
    choice.value && suggestion.data.value ? studyOf(choice.value, suggestion.data.value, readsText.value) : undefined,
  );
  const planned = useRequest(
    () => (spec.value ? { spec: spec.value } : undefined),
    (client, input, options) => client.studies.plan(input, options),
    { debounce: 200 },
  );
  const cell = useRequest(
    () => (spec.value && choice.value ? { spec: largestCell(choice.value, spec.value) } : undefined),
    (client, input, options) => client.experiments.plan(input, options),
    { debounce: 400 },
  );
  const { data: file } = useRequest(
    () => (spec.value ? { spec: spec.value, format: 'yaml' as const } : undefined),
    (client, input, options) => client.experiments.format(input, options),
    { debounce: 400 },
  );

  const runs = computed(() => planned.data.value?.cells.length ?? 0);
  const trainings = computed(() => planned.data.value?.trainings ?? 0);
  const problems = computed(() => {
    const own =
      budgets.value === null ? ['Label budgets are whole numbers with commas between them, such as 20, 50, 200.'] : [];
    const found = [...(planned.data.value?.problems ?? []), ...(cell.data.value?.problems ?? [])];
    return [...own, ...new Set(found.map(({ message }) => message))];
  });
  const checking = computed(() => planned.loading.value || cell.loading.value || suggestion.loading.value);
  return {
    spec,
    arms: computed(() => {
      const names =
        choice.value?.withBaselines === true
          ? ['pretrained', 'frozen', 'baseline', 'scratch']
          : ['pretrained', 'scratch'];
      const colours = armColours(names.map((name) => ({ name, isMain: name === 'pretrained' })));
      return names.map((name) => ({ name, colour: colours.get(name) ?? '' }));
    }),
    conditions: computed(() => [
      ...(choice.value?.budgets ?? []).map((labels) =>
        conditionWords(conditionName(choice.value?.budgetOption ?? 'total', labels)),
      ),
      ...(choice.value?.allLabels === true ? ['all labels'] : []),
    ]),
    runs,
    trainings,
    duration: computed(() => {
      const seconds = cell.data.value?.plan?.estimate.seconds;
      return seconds === null || seconds === undefined ? undefined : formatDuration(seconds * 1000 * trainings.value);
    }),
    weights: computed(() => cell.data.value?.plan?.weights),
    cellPlan: computed(() => cell.data.value?.plan),
    problems,
    checking,
    canStart: computed(() => runs.value > 0 && problems.value.length === 0 && !checking.value),
    file,
  };
}
