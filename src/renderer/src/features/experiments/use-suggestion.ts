/** Another task, other data or other weights: the lab suggests, what the person set stays, and what has no place any more is told. */
import type { Ref } from 'vue';
import { ref } from 'vue';
import type { TaskInformation } from '../../../../shared/contract/registry.ts';
import { kindFacts } from '../../../../shared/spec/data-kind.ts';
import { pipelineGraph } from '../../../../shared/spec/pipeline.ts';
import { useLab } from '../../composables/use-lab.ts';
import { useOperation } from '../../composables/use-operation.ts';
import { useRequest } from '../../composables/use-request.ts';
import { inputKindOf } from '../pipelines/graph-editing.ts';
import type { Carried } from './carry-over.ts';
import { carryOver } from './carry-over.ts';
import { useExperimentDraft } from './experiment-draft.ts';
import { pipelineOf, sourceOf, taskOf } from './spec-draft.ts';

export interface SuggestionWish {
  readonly task?: string;
  readonly data?: string;
  /** As `sourceOf` writes it; empty for a start from scratch. */
  readonly from?: string;
}

export interface SuggestionControl {
  readonly suggest: (wish: SuggestionWish) => Promise<unknown>;
  readonly dropped: Readonly<Ref<Carried['dropped']>>;
  /** Takes the pipeline again that was left out. */
  readonly putBack: () => void;
  readonly dismiss: () => void;
}

export function useSuggestion(tasks: () => readonly TaskInformation[]): SuggestionControl {
  const lab = useLab();
  const draft = useExperimentDraft();
  const dropped = ref<Carried['dropped']>({ options: [] });
  const { data: presets } = useRequest(
    () => ({}),
    (client, input, options) => client.registry.presets(input, options),
  );
  const { data: inputs } = useRequest(
    () => ({}),
    (client, input, options) => client.registry.inputs(input, options),
  );

  /** Undefined where it cannot be told. */
  function fits(pipeline: unknown, kind: string | undefined): boolean | undefined {
    const wanted = kindFacts(kind ?? '')?.input;
    if (wanted === undefined) return undefined;
    const choice = pipelineOf({ pipeline });
    if (choice.kind === 'preset') {
      const preset = presets.value?.find(({ name }) => name === choice.preset);
      return preset === undefined ? undefined : preset.input === wanted;
    }
    const graph = pipelineGraph.safeParse(pipeline);
    return graph.success ? inputKindOf(graph.data, inputs.value ?? {}, wanted) === wanted : undefined;
  }

  const { perform } = useOperation('No suggestion could be made', async (wish: SuggestionWish) => {
    const type = wish.task ?? taskOf(draft.spec).type;
    const task = tasks().find((candidate) => candidate.type === type);
    const { materials } = await lab.materials.list({});
    const kindOf = (name: unknown): string | undefined =>
      materials.find((one) => one.name === name && task?.data.includes(one.kind) === true)?.kind;
    const data = wish.data ?? draft.spec.data;
    const from = wish.from ?? (task?.kind === 'supervised' ? sourceOf(draft.spec) : '');
    const [, group, source] = /^(run|model) (.*)$/u.exec(from) ?? [];
    const suggestion = await lab.experiments.suggest({
      task: type,
      // Data that another task read makes way for what the lab finds.
      ...(typeof data === 'string' && kindOf(data) !== undefined && { data }),
      ...(group === 'run' && source !== undefined && { from: source }),
      ...(group === 'model' && source !== undefined && { model: source }),
    });
    const carried = carryOver(draft.suggested, {
      suggestion,
      task,
      fits: (pipeline) => fits(pipeline, kindOf(suggestion.data) ?? task?.data[0]),
      takesNetwork: wish.from !== undefined && wish.from !== '',
    });
    draft.carryOver(carried.spec, suggestion);
    dropped.value = carried.dropped;
  });

  return {
    suggest: perform,
    dropped,
    putBack() {
      draft.change({ ...draft.spec, pipeline: dropped.value.pipeline });
      dropped.value = { options: [] };
    },
    dismiss() {
      dropped.value = { options: [] };
    },
  };
}
