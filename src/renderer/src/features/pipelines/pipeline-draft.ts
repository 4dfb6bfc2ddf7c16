/**
 * The pipeline that is being edited; it stays while other pages are visited and when the window is loaded again, and every change can
 * be undone and redone.
 */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import { z } from 'zod';
import type { PipelineInputSpec } from '../../../../shared/contract/registry.ts';
import { pipelineInput } from '../../../../shared/contract/registry.ts';
import { blockSpec } from '../../../../shared/spec/pipeline.ts';
import { createHistory } from '../../composables/history.ts';
import { readDraft, writeDraft } from '../../stores/draft-storage.ts';
import { useUnsavedStore } from '../../stores/unsaved.ts';
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

const storageKey = 'pretext-pipeline-draft';
const stored = z.object({
  input: pipelineInput,
  graph: z.object({ blocks: z.array(blockSpec), outputs: z.record(z.string(), z.string()) }),
  name: z.string(),
  saved: z.string(),
});
const nothing: PipelineDraft = { input: defaultInputs.tokens, graph: { blocks: [], outputs: {} } };

export const usePipelineDraft = defineStore('pipeline-draft', () => {
  const restored = readDraft(storageKey, stored);
  const history = shallowRef(
    createHistory<PipelineDraft>(restored ? { input: restored.input, graph: restored.graph } : nothing),
  );
  /** Under which it is kept, if it is. */
  const name = ref(restored?.name ?? '');
  const draft = computed(() => history.value.present);
  /** The graph, as JSON, that is kept elsewhere. */
  const saved = ref(restored?.saved ?? JSON.stringify(nothing.graph));

  watch([history, name, saved], () => {
    writeDraft(storageKey, { ...draft.value, name: name.value, saved: saved.value });
  });
  useUnsavedStore().hold(
    'pipeline',
    () => draft.value.graph.blocks.length > 0 && JSON.stringify(draft.value.graph) !== saved.value,
  );

  function changeGraph(graph: Graph, label?: string): void {
    history.value = history.value.record({ ...draft.value, graph }, label);
  }

  function keep(): void {
    saved.value = JSON.stringify(draft.value.graph);
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
      keep();
    },
    /** Says that the graph as it is now is kept elsewhere. */
    keep,
    undo: () => {
      history.value = history.value.undo();
    },
    redo: () => {
      history.value = history.value.redo();
    },
  };
});
