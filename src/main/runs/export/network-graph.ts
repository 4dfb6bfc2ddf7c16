/**
 * A trained network as an ONNX graph for others: standard ops, the weights inside, any number of examples and, where the
 * network allows it, texts of any length, under the names that Optimum gives to inputs and outputs.
 */
import { LabError } from '../../../shared/errors.ts';
import { tablesOf, withSymbolicSizes } from '../../formats/onnx/symbolic-sizes.ts';
import type { OnnxGraph, OnnxNode, OnnxTensor, OnnxType, OnnxValueInfo } from '../../graph/onnx.ts';
import { lowerToOnnx } from '../../graph/onnx.ts';
import { mergeCommonSubexpressions } from '../../graph/passes/common-subexpressions.ts';
import { removeDeadCode } from '../../graph/passes/dead-code.ts';
import type { Program } from '../../graph/program.ts';
import { ignoresPadding } from '../../nn/padding.ts';
import type { Model } from '../../training/model.ts';
import { buildModel } from '../../training/model.ts';
import type { ExportSource } from './source.ts';

export interface NetworkGraph {
  readonly graph: OnnxGraph;
  /** Sizes that whoever runs the model may choose: 'batch', 'length'. */
  readonly symbolicSizes: readonly string[];
}

/** Sizes that the network is looked at with. Primes divide no other size, so what differs tells which of them it follows. */
const batches = [5, 7] as const;
const lengths = [11, 13] as const;
const sizeNames = ['batch', 'length'] as const;

/** The graph of a network that answers at every position. Throws `LabError('corrupt')` where a weight is missing. */
export function networkGraph({ model, weights }: Pick<ExportSource, 'model' | 'weights'>): NetworkGraph {
  const graph = withWeightsInside(symbolicGraph({ ...model, everyPosition: true }), weights);
  const named = graph.inputs.flatMap(({ shape }) => shape.filter((size) => typeof size === 'string'));
  return {
    graph: withOptimumPorts(graph),
    symbolicSizes: sizeNames.filter((name) => named.some((size) => size.split(' * ').includes(name))),
  };
}

function symbolicGraph(model: Model): OnnxGraph {
  const { input } = model.facts;
  const lowered = (batch: number, length?: number): OnnxGraph => {
    const facts =
      length === undefined || input.kind === 'image' ? model.facts : { ...model.facts, input: { ...input, length } };
    const program = exportProgram({ ...model, facts }, batch);
    return lowerToOnnx(program, program.outputs, { portable: true });
  };
  if (input.kind !== 'image' && input.length > lengths[1] && ignoresPadding(model.pipeline)) {
    const graph = withSymbolicSizes(
      [
        { sizes: { batch: batches[0], length: lengths[0] }, graph: lowered(batches[0], lengths[0]) },
        { sizes: { batch: batches[1], length: lengths[0] }, graph: lowered(batches[1], lengths[0]) },
        { sizes: { batch: batches[0], length: lengths[1] }, graph: lowered(batches[0], lengths[1]) },
        { sizes: { batch: batches[1], length: lengths[1] }, graph: lowered(batches[1], lengths[1]) },
      ],
      tablesOf(lowered(batches[0])),
    );
    if (graph) return graph;
  }
  const traces = batches.map((batch) => ({ sizes: { batch }, graph: lowered(batch) }));
  return withSymbolicSizes(traces, []) ?? lowered(1);
}

/** The prediction of a model as a program without what nothing needs. */
export function exportProgram(model: Model, batch: number): Program {
  return removeDeadCode(mergeCommonSubexpressions(buildModel(model, 'prediction', batch)));
}

const parameterPrefix = 'parameter:';

/** Engines feed parameters; a file carries them. Those that nothing reads stay out. */
function withWeightsInside(graph: OnnxGraph, weights: ExportSource['weights']): OnnxGraph {
  const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  const initialisers: OnnxTensor[] = [...graph.initialisers];
  const inputs: OnnxValueInfo[] = [];
  const renamed = new Map<string, string>();
  for (const info of graph.inputs) {
    if (!info.name.startsWith(parameterPrefix)) {
      if (read.has(info.name)) inputs.push(info);
      continue;
    }
    if (!read.has(info.name)) continue;
    const name = info.name.slice(parameterPrefix.length);
    const tensor = weights.get(name);
    if (!tensor) throw new LabError('corrupt', `The checkpoint has no weights for ${name}`, { name });
    renamed.set(info.name, name);
    initialisers.push({ name, type: 'float32', shape: tensor.shape, data: tensor.data });
  }
  const nodes = graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map((name) => renamed.get(name) ?? name) }));
  return { ...graph, nodes, initialisers, inputs };
}

/** Names and types of inputs as Optimum and transformers.js have them, by those of the lab. */
const optimumInputs: Readonly<Record<string, { readonly name: string; readonly type: OnnxType }>> = {
  tokens: { name: 'input_ids', type: 'int64' },
  mask: { name: 'attention_mask', type: 'int64' },
  segments: { name: 'token_type_ids', type: 'int64' },
  image: { name: 'pixel_values', type: 'float32' },
  frames: { name: 'input_features', type: 'float32' },
};

/** TensorProto.DataType, of the types that inputs are cast to. */
const castTypes: Partial<Record<OnnxType, number>> = { float32: 1, int32: 6 };

function withOptimumPorts(graph: OnnxGraph): OnnxGraph {
  const names = new Map<string, string>(outputNames(graph.outputs.map(({ name }) => name)));
  const casts: OnnxNode[] = [];
  const inputs = graph.inputs.map((info) => {
    const port = optimumInputs[info.name];
    if (!port) return info;
    if (port.type === info.type) {
      names.set(info.name, port.name);
      return { ...info, name: port.name };
    }
    const cast = { opType: 'Cast', domain: '', name: `cast:${port.name}`, inputs: [port.name], outputs: [info.name] };
    casts.push({ ...cast, attributes: { to: castTypes[info.type] ?? 1 } });
    return { ...info, ...port };
  });
  const rename = (name: string): string => names.get(name) ?? name;
  const nodes = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
  const outputs = graph.outputs.map((info) => ({ ...info, name: rename(info.name) }));
  return { ...graph, nodes: [...casts, ...nodes], inputs, outputs };
}

/** Outputs of a network without a head. */
const featureNames: Readonly<Record<string, string>> = {
  sequence: 'last_hidden_state',
  map: 'last_hidden_state',
  vector: 'pooler_output',
};

/** Both heads of BERT's pretraining have names of their own; a head alone gives `logits`. */
function outputNames(outputs: readonly string[]): [string, string][] {
  const features = outputs.flatMap((name): [string, string][] => {
    const theirs = featureNames[name];
    return theirs === undefined ? [] : [[name, theirs]];
  });
  if (features.length > 0) return features;
  if (!outputs.includes('tokenLogits')) return [];
  if (!outputs.includes('logits')) return [['tokenLogits', 'logits']];
  return [
    ['tokenLogits', 'prediction_logits'],
    ['logits', 'seq_relationship_logits'],
  ];
}
