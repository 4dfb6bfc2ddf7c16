/** Changes of a pipeline's graph, as functions from a graph to a new one. A graph that is being edited may be incomplete. */
import type { BlockInformation } from '../../../../shared/contract/registry.ts';
import type { BlockSpec } from '../../../../shared/spec/pipeline.ts';
import type { SpecPath } from '../../../../shared/spec/problems.ts';
import { showPath } from '../../../../shared/spec/problems.ts';

export interface Graph {
  readonly blocks: readonly BlockSpec[];
  readonly outputs: Readonly<Record<string, string>>;
}

export interface Endpoint {
  /** A block's id, or `input`. */
  readonly block: string;
  /** Undefined for a block's first output. */
  readonly port: string | undefined;
}

export interface Link {
  readonly from: Endpoint;
  /** `output` stands for the pipeline's own outputs. */
  readonly to: { readonly block: string; readonly port: string };
}

export const inputId = 'input';
export const outputId = 'output';
/** What the heads of tasks build on. */
export const outputNames: readonly string[] = ['sequence', 'vector', 'map'];

/** Where a problem is, in the words of the editor: the block's name in place of its number. */
export function problemPlace({ blocks }: Pick<Graph, 'blocks'>, path: SpecPath): string {
  const [list, index, ...rest] = path;
  const block = list === 'blocks' && typeof index === 'number' ? blocks[index] : undefined;
  return block === undefined ? showPath(path) : showPath([block.id, ...rest]);
}

export function parseEndpoint(endpoint: string): Endpoint {
  const [block = '', port] = endpoint.split('.');
  return { block, port };
}

/** `encoder`, or `lstm.state` for an output that is not the block's first. */
export function endpointText({ block, port }: Endpoint, ports: readonly string[]): string {
  return port === undefined || (block !== inputId && port === ports[0]) ? block : `${block}.${port}`;
}

export function linksOf({ blocks, outputs }: Graph): readonly Link[] {
  return [
    ...blocks.flatMap(({ id, inputs }) =>
      Object.entries(inputs).map(([port, endpoint]) => ({ from: parseEndpoint(endpoint), to: { block: id, port } })),
    ),
    ...Object.entries(outputs).map(([port, endpoint]) => ({
      from: parseEndpoint(endpoint),
      to: { block: outputId, port },
    })),
  ];
}

/** A graph that may be given away and changed there. */
export function graphCopy({ blocks, outputs }: Graph): { blocks: BlockSpec[]; outputs: Record<string, string> } {
  return { blocks: [...blocks], outputs: { ...outputs } };
}

/** The kind of input whose ports a graph reads; `preferred` if more than one fits, or none. */
export function inputKindOf<Kind extends string>(
  graph: Graph,
  ports: Readonly<Partial<Record<Kind, readonly { readonly name: string }[]>>>,
  preferred: Kind,
): Kind {
  const read = linksOf(graph).flatMap(({ from }) =>
    from.block === inputId && from.port !== undefined ? [from.port] : [],
  );
  const fits = (kind: Kind): boolean => read.every((port) => ports[kind]?.some(({ name }) => name === port) === true);
  if (fits(preferred)) return preferred;
  return (
    (Object.keys(ports) as Kind[]) /* keys of what was given */
      .find(fits) ?? preferred
  );
}

/** The blocks that need a block, directly or through others. */
export function dependentsOf(graph: Graph, id: string): ReadonlySet<string> {
  const links = linksOf(graph);
  const found = new Set<string>();
  const waiting = [id];
  for (let current = waiting.pop(); current !== undefined; current = waiting.pop()) {
    for (const { from, to } of links) {
      if (from.block !== current || found.has(to.block)) continue;
      found.add(to.block);
      waiting.push(to.block);
    }
  }
  return found;
}

/** Whether a connection would make a block depend on itself. */
export function closesCircle(graph: Graph, from: string, to: string): boolean {
  return from === to || dependentsOf(graph, to).has(from);
}

/** An id for a new block: its type, with a number where there is one already. */
export function freshId(graph: Graph, type: string): string {
  const taken = new Set([...graph.blocks.map(({ id }) => id), inputId, outputId]);
  if (!taken.has(type)) return type;
  let number = 2;
  while (taken.has(`${type}-${number}`)) number += 1;
  return `${type}-${number}`;
}

/**
 * Puts a block into a graph; with `after`, its first input comes from there, and its place is below. Ports that are called as something
 * that the pipeline reads, such as a mask, read that.
 */
export function addBlock(
  graph: Graph,
  { type, inputs }: Pick<BlockInformation, 'type' | 'inputs'>,
  {
    after,
    position,
    inputs: own = [],
  }: {
    readonly after?: string | undefined;
    readonly position?: BlockSpec['position'];
    /** What the pipeline reads. */
    readonly inputs?: readonly { readonly name: string }[];
  } = {},
): { readonly graph: Graph; readonly id: string } {
  const id = freshId(graph, type);
  const [first, ...others] = inputs.map(({ name }) => name);
  const shared = others.filter((name) => own.some((port) => port.name === name));
  const block: BlockSpec = {
    id,
    type,
    options: {},
    inputs: {
      ...Object.fromEntries(shared.map((name) => [name, `${inputId}.${name}`])),
      ...(after !== undefined && first !== undefined && { [first]: after }),
    },
    ...(position !== undefined && { position }),
  };
  return { graph: sorted({ ...graph, blocks: [...graph.blocks, block] }), id };
}

/** Takes blocks out, with all connections to and from them. */
export function removeBlocks(graph: Graph, ids: ReadonlySet<string>): Graph {
  const stays = ([, endpoint]: readonly [string, string]): boolean => !ids.has(parseEndpoint(endpoint).block);
  return {
    blocks: graph.blocks
      .filter(({ id }) => !ids.has(id))
      .map((block) => ({ ...block, inputs: Object.fromEntries(Object.entries(block.inputs).filter(stays)) })),
    outputs: Object.fromEntries(Object.entries(graph.outputs).filter(stays)),
  };
}

/** Connects an endpoint to an input, or takes the connection away. Blocks stay in an order in which they can be built. */
export function connect(graph: Graph, to: Link['to'], endpoint: string | undefined): Graph {
  if (to.block === outputId) return { ...graph, outputs: withEntry(graph.outputs, to.port, endpoint) };
  const blocks = graph.blocks.map((block) =>
    block.id === to.block ? { ...block, inputs: withEntry(block.inputs, to.port, endpoint) } : block,
  );
  return sorted({ ...graph, blocks });
}

export function changeBlock(graph: Graph, id: string, changes: Partial<BlockSpec>): Graph {
  return { ...graph, blocks: graph.blocks.map((block) => (block.id === id ? { ...block, ...changes } : block)) };
}

/** Renames a block and every mention of it. */
export function renameBlock(graph: Graph, id: string, name: string): Graph {
  const renamed = (endpoint: string): string => {
    const { block, port } = parseEndpoint(endpoint);
    return block === id ? endpointText({ block: name, port }, []) : endpoint;
  };
  const all = (entries: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(entries).map(([port, endpoint]) => [port, renamed(endpoint)]));
  return {
    blocks: graph.blocks.map((block) => ({
      ...block,
      id: block.id === id ? name : block.id,
      inputs: all(block.inputs),
    })),
    outputs: all(graph.outputs),
  };
}

function withEntry(
  entries: Readonly<Record<string, string>>,
  key: string,
  value: string | undefined,
): Record<string, string> {
  if (value !== undefined) return { ...entries, [key]: value };
  return Object.fromEntries(Object.entries(entries).filter(([name]) => name !== key));
}

/** Blocks after those they need, otherwise in the order they had. Circles are left as they are. */
function sorted(graph: Graph): Graph {
  const byId = new Map(graph.blocks.map((block) => [block.id, block]));
  const placed = new Set<BlockSpec>();
  const visit = (block: BlockSpec, path: ReadonlySet<BlockSpec>): void => {
    if (placed.has(block) || path.has(block)) return;
    for (const endpoint of Object.values(block.inputs)) {
      const needed = byId.get(parseEndpoint(endpoint).block);
      if (needed !== undefined) visit(needed, new Set([...path, block]));
    }
    placed.add(block);
  };
  for (const block of graph.blocks) visit(block, new Set());
  return { ...graph, blocks: [...placed] };
}
