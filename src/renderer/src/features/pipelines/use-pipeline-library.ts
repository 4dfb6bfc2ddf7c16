/** Where pipelines come from and go to: presets, those that were saved, and files. */
import type { ComputedRef } from 'vue';
import { computed } from 'vue';
import type { SavedPipeline } from '../../../../shared/contract/pipelines.ts';
import { showPath } from '../../../../shared/spec/problems.ts';
import { download } from '../../charts/download.ts';
import { useLab } from '../../composables/use-lab.ts';
import { useOperation } from '../../composables/use-operation.ts';
import { useRequest } from '../../composables/use-request.ts';
import { useToastStore } from '../../stores/toasts.ts';
import { graphCopy, inputKindOf } from './graph-editing.ts';
import type { PipelineDraft } from './pipeline-draft.ts';
import { defaultInputs, usePipelineDraft } from './pipeline-draft.ts';
import type { BlockRegistry } from './use-block-registry.ts';

export interface PipelineLibrary {
  readonly kept: ComputedRef<readonly SavedPipeline[]>;
  readonly openPreset: (name: string) => void;
  readonly openKept: (name: string) => void;
  readonly keep: (name: string) => Promise<void>;
  /** What was deleted can be taken back for a while. */
  readonly forget: (name: string) => Promise<void>;
  readonly importFile: (file: File) => Promise<void>;
  readonly exportFile: () => void;
}

/** `opened` is called when another pipeline has taken the draft's place. */
export function usePipelineLibrary(
  { presets, inputPorts }: Pick<BlockRegistry, 'presets' | 'inputPorts'>,
  opened: () => void,
): PipelineLibrary {
  const lab = useLab();
  const toasts = useToastStore();
  const draft = usePipelineDraft();
  const { data } = useRequest(
    () => ({}),
    (client, input, options) => client.pipelines.list(input, options),
    { refreshOn: ['pipelines'] },
  );
  const kept = computed(() => data.value ?? []);

  function open(pipeline: PipelineDraft, name?: string): void {
    draft.open(pipeline, name);
    opened();
  }

  /** The sizes that are set stay, where the kind of input does. */
  function inputOf(kind: PipelineDraft['input']['kind']): PipelineDraft['input'] {
    return draft.input.kind === kind ? draft.input : defaultInputs[kind];
  }

  const keep = useOperation('The pipeline could not be saved', async (name: string) => {
    await lab.pipelines.save({ name, input: draft.input, graph: graphCopy(draft.graph), replace: true });
    draft.name = name;
    draft.keep();
    toasts.show({ severity: 'success', title: `${name} is saved` });
  });
  const forget = useOperation('The pipeline could not be deleted', async (name: string) => {
    const { input, graph } = await lab.pipelines.delete({ name });
    toasts.show({
      severity: 'information',
      title: `${name} was deleted`,
      offer: { label: 'Undo', run: async () => void (await lab.pipelines.save({ name, input, graph })) },
    });
  });
  const importFile = useOperation('The file could not be read', async (file: File) => {
    const { graph, problems } = await lab.pipelines.parse({ text: await file.text() });
    if (graph === null) {
      toasts.show({
        severity: 'error',
        title: `${file.name} is not a pipeline`,
        message: problems
          .map(({ path, line, message }) =>
            [...(line === undefined ? [] : [`Line ${line}:`]), showPath(path), message].join(' '),
          )
          .join('; '),
      });
      return;
    }
    open({ input: inputOf(inputKindOf(graph, inputPorts.value ?? {}, draft.input.kind)), graph });
  });

  return {
    kept,
    openPreset: (name) => {
      const preset = presets.value.find((candidate) => candidate.name === name);
      if (preset !== undefined) open({ input: inputOf(preset.input), graph: preset.graph });
    },
    openKept: (name) => {
      const pipeline = kept.value.find((candidate) => candidate.name === name);
      if (pipeline !== undefined) open({ input: pipeline.input, graph: pipeline.graph }, name);
    },
    keep: keep.perform,
    forget: forget.perform,
    importFile: importFile.perform,
    exportFile: () => {
      const name = draft.name === '' ? 'pipeline' : draft.name;
      download(`${name}.json`, JSON.stringify(draft.graph, null, 2), 'application/json');
    },
  };
}
