/** What a click can put right in a graph: for each problem that is understood, the graph as it would be. */
import type { PipelineSummary } from '../../../../shared/contract/pipelines.ts';
import type { BlockInformation } from '../../../../shared/contract/registry.ts';
import type { Graph } from './graph-editing.ts';
import { addBlock, connect, inputId, outputId, parseEndpoint } from './graph-editing.ts';

type Port = BlockInformation['inputs'][number];
type Problem = PipelineSummary['problems'][number];

export interface Mend {
  readonly title: string;
  readonly graph: Graph;
}

export interface Surroundings {
  readonly blocks: ReadonlyMap<string, BlockInformation>;
  /** What the pipeline reads. */
  readonly inputs: readonly Port[];
  readonly summary: PipelineSummary;
}

/** What makes one thing of another: by the number of axes that a value has without the batch, and that a port wants. */
const converters: Readonly<Record<string, { readonly type: string; readonly title: string }>> = {
  '2 1': { type: 'sequence-pooling', title: 'Insert a pooling block' },
  '3 1': { type: 'flatten', title: 'Insert a flatten block' },
  '3 2': { type: 'columns-to-sequence', title: 'Insert a block that reads columns' },
};

export function mendOf({ path, message }: Problem, graph: Graph, around: Surroundings): Mend | undefined {
  if (path[0] === 'outputs' && path.length === 1) return connectedToOutput(graph, around);
  const [list, index] = path;
  const block = list === 'blocks' && typeof index === 'number' ? graph.blocks[index] : undefined;
  if (block === undefined || path.length > 2) return undefined;
  const ports = around.blocks.get(block.type)?.inputs ?? [];
  const missing = ports.find(({ name, optional }) => !optional && block.inputs[name] === undefined);
  if (missing && message.includes(`'${missing.name}'`)) return connectedInput(graph, block.id, missing, around);
  return converted(graph, block.id, block.inputs, ports, around);
}

/** The last block, under the name that its shape has. */
function connectedToOutput(graph: Graph, { summary }: Surroundings): Mend | undefined {
  const last = graph.blocks.at(-1);
  const [shape] = Object.values(summary.blocks.find(({ id }) => id === last?.id)?.shapes ?? {});
  const name = shape === undefined ? undefined : { 1: 'vector', 2: 'sequence', 3: 'map' }[shape.length];
  if (last === undefined || name === undefined) return undefined;
  return {
    title: `Connect ${last.id} to the output`,
    graph: connect(graph, { block: outputId, port: name }, last.id),
  };
}

/** From the pipeline's input of that name, or else from the block before. */
function connectedInput(graph: Graph, id: string, { name }: Port, { inputs }: Surroundings): Mend | undefined {
  const before = graph.blocks[graph.blocks.findIndex((block) => block.id === id) - 1]?.id;
  const own = inputs.find((port) => port.name === name);
  const endpoint = own ? `${inputId}.${own.name}` : before;
  if (endpoint === undefined) return undefined;
  return { title: `Connect ${endpoint} to ${name}`, graph: connect(graph, { block: id, port: name }, endpoint) };
}

/** Between a value and a port that wants fewer axes. */
function converted(
  graph: Graph,
  id: string,
  connected: Readonly<Record<string, string>>,
  ports: readonly Port[],
  around: Surroundings,
): Mend | undefined {
  for (const { name, axes } of ports) {
    const endpoint = connected[name];
    const shape = endpoint === undefined ? undefined : shapeOf(endpoint, around.summary);
    const converter = shape && converters[`${shape.length} ${axes.length - 1}`];
    const block = converter && around.blocks.get(converter.type);
    if (endpoint === undefined || !converter || !block) continue;
    const added = addBlock(graph, block, { after: endpoint, inputs: around.inputs });
    return { title: converter.title, graph: connect(added.graph, { block: id, port: name }, added.id) };
  }
  return undefined;
}

function shapeOf(endpoint: string, { blocks, inputs }: PipelineSummary): readonly number[] | undefined {
  const { block, port } = parseEndpoint(endpoint);
  if (block === inputId) return inputs[port ?? ''];
  const { shapes = {} } = blocks.find(({ id }) => id === block) ?? {};
  return port === undefined ? Object.values(shapes)[0] : shapes[port];
}
