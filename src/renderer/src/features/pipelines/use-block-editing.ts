/** What is selected in the graph, and what can be done with it: add, drop, remove, arrange and move blocks. */
import type { ComputedRef, ShallowRef } from 'vue';
import { computed, shallowRef } from 'vue';
import type { BlockInformation } from '../../../../shared/contract/registry.ts';
import type { Link } from './graph-editing.ts';
import { addBlock, changeBlock, connect, inputId, outputId, removeBlocks } from './graph-editing.ts';
import { withPlaces } from './layout.ts';
import { usePipelineDraft } from './pipeline-draft.ts';
import type { BlockRegistry } from './use-block-registry.ts';

export interface BlockEditing {
  /** Blocks by id; `input` and `output` are among them when they are selected. */
  readonly selection: ShallowRef<ReadonlySet<string>>;
  /** Selected connections, by what they go to. */
  readonly links: ShallowRef<readonly Link['to'][]>;
  /** The one selected block; undefined if there are none or several. */
  readonly selected: ComputedRef<string | undefined>;
  readonly removable: ComputedRef<ReadonlySet<string>>;
  /** Behind the selected block, or behind the last one. */
  readonly add: (block: BlockInformation) => void;
  /** Where it was dropped, connected with nothing. */
  readonly drop: (type: string, position: { x: number; y: number }) => void;
  /** The selected blocks with their connections, and the selected connections. */
  readonly remove: () => void;
  readonly arrange: () => void;
  /** The selected blocks, by pixels of the canvas. */
  readonly move: (x: number, y: number) => void;
}

export function useBlockEditing({ blocks, ports }: Pick<BlockRegistry, 'blocks' | 'ports'>): BlockEditing {
  const draft = usePipelineDraft();
  const selection = shallowRef<ReadonlySet<string>>(new Set());
  const links = shallowRef<readonly Link['to'][]>([]);
  const selected = computed(() => (selection.value.size === 1 ? [...selection.value][0] : undefined));
  const removable = computed(() => new Set([...selection.value].filter((id) => id !== inputId && id !== outputId)));

  function put(...[graph, block, options]: Parameters<typeof addBlock>): void {
    const added = addBlock(graph, block, options);
    draft.changeGraph(added.graph);
    selection.value = new Set([added.id]);
  }

  return {
    selection,
    links,
    selected,
    removable,
    add: (block) => {
      const last = draft.graph.blocks.at(-1)?.id;
      const after = selected.value !== undefined && selected.value !== outputId ? selected.value : last;
      const place = draft.graph.blocks.find(({ id }) => id === after)?.position;
      put(draft.graph, block, {
        after: after === undefined || after === inputId ? firstEndpoint() : after,
        inputs: ports.value,
        ...(place !== undefined && { position: { x: place.x + 40, y: place.y + 130 } }),
      });
    },
    drop: (type, position) => {
      const block = blocks.value.get(type);
      if (block !== undefined) put(withPlaces(draft.graph), block, { position });
    },
    remove: () => {
      const unlinked = links.value.reduce((changed, to) => connect(changed, to, undefined), draft.graph);
      draft.changeGraph(removeBlocks(unlinked, removable.value));
      selection.value = new Set();
      links.value = [];
    },
    arrange: () => {
      const { graph } = draft;
      const unplaced = graph.blocks.map(({ position: _position, ...block }) => block);
      draft.changeGraph(withPlaces({ ...graph, blocks: unplaced }));
    },
    move: (x, y) => {
      let graph = withPlaces(draft.graph);
      for (const { id, position } of graph.blocks) {
        if (position === undefined || !removable.value.has(id)) continue;
        graph = changeBlock(graph, id, { position: { x: position.x + x, y: position.y + y } });
      }
      draft.changeGraph(graph, `move ${[...removable.value].join()}`);
    },
  };

  function firstEndpoint(): string | undefined {
    const port = ports.value[0]?.name;
    return port === undefined ? undefined : `${inputId}.${port}`;
  }
}
