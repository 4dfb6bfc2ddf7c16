/** A pipeline as the canvas draws it: a node for each block, one for what it reads and one for what it gives, and its connections. */
import type { Edge, Node } from '@vue-flow/core';
import { MarkerType } from '@vue-flow/core';
import type { ComputedRef, Ref } from 'vue';
import { computed } from 'vue';
import type { PipelineSummary } from '../../../../shared/contract/pipelines.ts';
import type { BlockInformation } from '../../../../shared/contract/registry.ts';
import type { BlockNodeData } from './block-node-data.ts';
import { detourOf } from './detours.ts';
import type { Link } from './graph-editing.ts';
import { inputId, linksOf, outputId, outputNames } from './graph-editing.ts';
import { layOut } from './layout.ts';
import { shapeText } from './numbers.ts';
import type { usePipelineDraft } from './pipeline-draft.ts';

type Port = BlockInformation['inputs'][number];

interface Drawn {
  graph(): ReturnType<typeof usePipelineDraft>['graph'];
  blocks(): ReadonlyMap<string, BlockInformation>;
  /** The endpoints of this kind of input. */
  inputs(): readonly Port[];
  summary(): PipelineSummary | undefined;
  readonly selection: Readonly<Ref<ReadonlySet<string>>>;
  readonly selectedLinks: Readonly<Ref<readonly Link['to'][]>>;
}

export interface CanvasGraph {
  readonly nodes: ComputedRef<Node<BlockNodeData>[]>;
  readonly edges: ComputedRef<Edge[]>;
  /** Names of what a block gives. */
  portsOf(block: string): readonly string[];
}

export function useCanvasGraph({ graph, blocks, inputs, summary, selection, selectedLinks }: Drawn): CanvasGraph {
  const byId = computed(() => new Map((summary()?.blocks ?? []).map((block) => [block.id, block])));
  const automatic = computed(() => layOut(graph()));
  const nodes = computed<Node<BlockNodeData>[]>(() => [
    nodeOf(inputId, {
      title: 'Input',
      kind: 'input',
      type: 'input',
      inputs: [],
      outputs: inputs(),
      shapes: summary()?.inputs ?? {},
      summary: undefined,
    }),
    ...graph().blocks.map(({ id, type }) =>
      nodeOf(id, {
        title: id,
        kind: 'block',
        type,
        inputs: blocks().get(type)?.inputs ?? [],
        outputs: outputsOf(id, type),
        shapes: byId.value.get(id)?.shapes ?? {},
        summary: byId.value.get(id),
      }),
    ),
    nodeOf(outputId, {
      title: 'Output',
      kind: 'output',
      type: 'output',
      inputs: [...new Set([...outputNames, ...Object.keys(graph().outputs)])].map((name) => ({
        name,
        summary: 'what the heads of tasks build on',
        optional: true,
      })),
      outputs: [],
      shapes: summary()?.outputs ?? {},
      summary: undefined,
    }),
  ]);
  const edges = computed<Edge[]>(() =>
    linksOf(graph()).map(({ from, to }) => {
      const port = from.port ?? portsOf(from.block)[0];
      const shapes = from.block === inputId ? summary()?.inputs : byId.value.get(from.block)?.shapes;
      const shape = shapes?.[port ?? ''];
      const detour = detourOf(placeOf, graph(), { from: from.block, to: to.block });
      return {
        id: `${from.block}.${port ?? ''}→${to.block}.${to.port}`,
        source: from.block,
        target: to.block,
        sourceHandle: port ?? null,
        targetHandle: to.port,
        markerEnd: MarkerType.ArrowClosed,
        focusable: false,
        updatable: false,
        selected: selectedLinks.value.some((link) => link.block === to.block && link.port === to.port),
        ...(detour !== undefined && { type: 'detour', data: { x: detour } }),
        ...(shape !== undefined && { ariaLabel: `${from.block} to ${to.block}, ${shapeText(shape)}` }),
      };
    }),
  );

  function placeOf(id: string): { readonly x: number; readonly y: number } {
    const own = graph().blocks.find((block) => block.id === id)?.position;
    return own ?? automatic.value.get(id) ?? { x: 0, y: 0 };
  }

  function nodeOf(id: string, data: BlockNodeData): Node<BlockNodeData> {
    const node = {
      id,
      type: 'block',
      data,
      position: { ...placeOf(id) },
      ariaLabel: `${data.title}, ${data.kind === 'block' ? data.type : data.kind}`,
      selected: selection.value.has(id),
      deletable: false,
    };
    return node;
  }

  function portsOf(block: string): readonly string[] {
    if (block === inputId) return inputs().map(({ name }) => name);
    const type = graph().blocks.find(({ id }) => id === block)?.type ?? '';
    return outputsOf(block, type).map(({ name }) => name);
  }

  /** What a block gives; some give more, depending on their options, than their type says. */
  function outputsOf(id: string, type: string): readonly Pick<Port, 'name' | 'summary'>[] {
    const known = blocks().get(type)?.outputs ?? [];
    const connected = linksOf(graph()).flatMap(({ from }) =>
      from.block === id && from.port !== undefined ? [from.port] : [],
    );
    const more = connected.filter((name) => !known.some((port) => port.name === name));
    return [...known, ...[...new Set(more)].map((name) => ({ name, summary: 'a further output' }))];
  }

  return { nodes, edges, portsOf };
}
