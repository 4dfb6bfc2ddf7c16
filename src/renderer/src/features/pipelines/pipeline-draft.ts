/** The pipeline that is being edited; it stays while other pages are visited, and every change can be undone and redone. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import type { PipelineInputSpec } from '../../../../shared/contract/registry.ts';
import { createHistory } from '../../composables/history.ts';
import type { Graph } from './graph-editing.ts';

export interface PipelineDraft {
  readonly input: PipelineInputSpec;
  readonly graph: Graph;
}

export const defaultInputs: Readonly<Record<PipelineInputSpec['kind'], PipelineInputSpec>> = {
  tokens: { kind: 'tokens', length: 128, vocabularySize: 8192 },
  image: { kind: 'image', height: 32, width: 32, channels: 3 },
  frames: { kind: 'frames', length: 100, features: 40 },
};

export const usePipelineDraft = defineStore('pipeline-draft', () => {
  const history = shallowRef(
    createHistory<PipelineDraft>({ input: defaultInputs.tokens, graph: { blocks: [], outputs: {} } }),
  );
  /** Under which it is kept, if it is. */
  const name = ref('');
  const draft = computed(() => history.value.present);

  function changeGraph(graph: Graph, label?: string): void {
    history.value = history.value.record({ ...draft.value, graph }, label);
  }

  return {
    name,
    input: computed(() => draft.value.input),
    graph: computed(() => draft.value.graph),
    canUndo: computed(() => history.value.past.length > 0),
    canRedo: computed(() => history.value.future.length > 0),
    /** `label` joins changes of the same control into one. */
    changeGraph,
    changeInput(input: PipelineInputSpec): void {
      history.value = history.value.record({ ...draft.value, input }, 'input');
    },
    open(opened: PipelineDraft, keptAs = ''): void {
      history.value = history.value.record(opened);
      name.value = keptAs;
    },
    undo: () => {
      history.value = history.value.undo();
    },
    redo: () => {
      history.value = history.value.redo();
    },
  };
});
