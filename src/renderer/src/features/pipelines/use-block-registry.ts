/** What a pipeline can be built of: blocks, presets, and the endpoints of each kind of input. */
import type { ComputedRef, ShallowRef } from 'vue';
import { computed } from 'vue';
import type { BlockInformation, PipelineInputSpec, PresetInformation } from '../../../../shared/contract/registry.ts';
import { useRequest } from '../../composables/use-request.ts';
import { usePipelineDraft } from './pipeline-draft.ts';

type Port = BlockInformation['inputs'][number];

export interface BlockRegistry {
  readonly blockList: ComputedRef<readonly BlockInformation[]>;
  readonly blocks: ComputedRef<ReadonlyMap<string, BlockInformation>>;
  readonly presets: ComputedRef<readonly PresetInformation[]>;
  readonly inputPorts: Readonly<ShallowRef<Readonly<Partial<Record<PipelineInputSpec['kind'], Port[]>>> | undefined>>;
  /** The endpoints of the draft's kind of input. */
  readonly ports: ComputedRef<readonly Port[]>;
}

export function useBlockRegistry(): BlockRegistry {
  const draft = usePipelineDraft();
  const { data: known } = useRequest(
    () => ({}),
    (client, input, options) => client.registry.blocks(input, options),
  );
  const { data: presets } = useRequest(
    () => ({}),
    (client, input, options) => client.registry.presets(input, options),
  );
  const { data: inputPorts } = useRequest(
    () => ({}),
    (client, input, options) => client.registry.inputs(input, options),
  );
  const blockList = computed(() => known.value ?? []);
  return {
    blockList,
    blocks: computed(() => new Map(blockList.value.map((block) => [block.type, block]))),
    presets: computed(() => presets.value ?? []),
    inputPorts,
    ports: computed(() => inputPorts.value?.[draft.input.kind] ?? []),
  };
}
