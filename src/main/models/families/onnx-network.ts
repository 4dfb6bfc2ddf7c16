/** Any network in the form of ONNX: one block that is trained like others, up to the layer on which the head is put. */
import { plural } from '../../../shared/display.ts';
import { join } from 'node:path';
import { LabError, isLabError } from '../../../shared/errors.ts';
import type { ImagePreprocessing, ModelHead } from '../../../shared/spec/manifests/model.ts';
import type { ModelSettings } from '../../../shared/spec/model-settings.ts';
import type { PipelineGraph } from '../../../shared/spec/pipeline.ts';
import { nearest } from '../../../shared/spec/problems.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import type { ForeignNetwork } from '../../formats/onnx/read.ts';
import { readOnnx } from '../../formats/onnx/read.ts';
import type { LazyTensor } from '../../formats/safetensors.ts';
import { createProgram, withScope } from '../../graph/index.ts';
import type { PipelineInput } from '../../nn/index.ts';
import { buildPipeline, declareInputs, findBlock } from '../../nn/index.ts';
import { packNetwork } from '../../nn/onnx-network/network.ts';
import type { OnnxNetwork } from '../../nn/onnx-network/network.ts';
import type { ModelLayers, ReadModel, Recognition } from '../family.ts';
import { defineModelFamily } from '../family.ts';
import { linearHead, suggestLayer, upTo } from '../onnx-network/head.ts';
import { hasFixedSize, inputOf, preprocessingOf } from '../onnx-network/input.ts';
import type { ReadNetwork } from '../onnx-network/network-of-file.ts';
import { networkOfFile } from '../onnx-network/network-of-file.ts';
import type { ModelSource } from '../source.ts';
import { imagePreprocessing } from './image/preprocessing.ts';
import { readTokenizer, usedRows } from './text/tokenizer-source.ts';

/** The file that was named, or the only one of a folder that has no other weights. */
function fileOf({ file, files, tensorFile, folder }: ModelSource): string | undefined {
  if (file !== undefined) return file.toLowerCase().endsWith('.onnx') ? file : undefined;
  const found = [...files.keys()].filter((name) => name.toLowerCase().endsWith('.onnx'));
  if (tensorFile !== undefined || found.length === 0) return undefined;
  if (found.length === 1) return found[0];
  throw new LabError('bad-input', `${folder} has several ONNX networks: name one of ${found.join(', ')}`, { folder });
}

async function load(source: ModelSource, file: string): Promise<{ foreign: ForeignNetwork; read: ReadNetwork }> {
  const path = join(source.folder, file);
  const foreign = await readOnnx(path);
  for (const name of [file, ...foreign.files]) source.use(name);
  try {
    return { foreign, read: networkOfFile(foreign) };
  } catch (error) {
    if (!isLabError(error)) throw error;
    throw new LabError(error.code, `${path}: ${error.message}`, { path }, error);
  }
}

const titleOf = ({ nodes }: Pick<OnnxNetwork, 'nodes'>): string => `ONNX network of ${nodes.length} nodes`;

async function recognise(source: ModelSource): Promise<Recognition | undefined> {
  const file = fileOf(source);
  if (file === undefined) return undefined;
  const { foreign, read } = await load(source, file);
  const shown = read.network.feeds.map(({ name, shape }) => `${name} [${shape.map((size) => size ?? '?').join(', ')}]`);
  return {
    title: titleOf(read.network),
    facts: [
      ['written by', foreign.producer === '' ? 'not said' : foreign.producer],
      ['opset', String(foreign.opset)],
      ['input', shown.join(', ')],
    ],
  };
}

async function read(source: ModelSource, { layer: wanted }: ModelSettings = {}): Promise<ReadModel> {
  const file = fileOf(source);
  if (file === undefined) throw new LabError('internal', `${source.path} looked like ONNX but is not`);
  const {
    foreign,
    read: { network, weights },
  } = await load(source, file);
  const declared = inputOf(network);
  const preprocessing = await preprocessingIn(source, network, foreign, declared);
  const tokenizer = declared.kind === 'tokens' ? await readTokenizer(source) : undefined;
  const input = preprocessing
    ? sizedAs(preprocessing, declared, network, source)
    : ofTokenizer(declared, tokenizer, source);
  const layer = wanted === undefined ? suggestLayer(network) : chosenLayer(network, wanted, join(source.folder, file));
  const { pipeline, names } = pipelineOf(upTo(network, layer), layer, input, join(source.folder, file));
  const all = new Map<string, LazyTensor>();
  for (const name of names) {
    const found = weights.get(name.slice(prefix.length));
    if (found) all.set(name, { shape: found.shape, read: () => Promise.resolve(found.data) });
  }
  addStatistics(all, preprocessing);
  const heads = pipeline.outputs.vector === undefined ? [] : headOf(network, weights, layer, preprocessing, all);
  return {
    title: titleOf(network),
    pipeline,
    input,
    weights: all,
    heads,
    tokenizer: tokenizer?.toJson(),
    preprocessing,
    notes: notesOf(layer, preprocessing, foreign),
  };
}

/** With the vocabulary of the tokenizer that lies beside the file. Throws `LabError('bad-input')` for one of another network. */
function ofTokenizer(input: PipelineInput, tokenizer: TextTokenizer | undefined, source: ModelSource): PipelineInput {
  if (input.kind !== 'tokens' || !tokenizer) return input;
  const isKnown = input.vocabularySize > 1; // the network may look its tokens up in a way that tells nothing
  const rows = isKnown ? usedRows(input.vocabularySize, tokenizer, source) : tokenizer.vocabularySize;
  return { ...input, vocabularySize: rows };
}

/** What lies beside the file goes before what it lets suppose. */
async function preprocessingIn(
  source: ModelSource,
  network: OnnxNetwork,
  foreign: ForeignNetwork,
  input: PipelineInput,
): Promise<ImagePreprocessing | undefined> {
  const supposed = preprocessingOf(network, foreign, input);
  return supposed?.channels === 3 ? imagePreprocessing(source, supposed) : supposed;
}

/** In the size of the preprocessing, where the network leaves its size open. Throws `LabError('bad-input')` where they differ. */
function sizedAs(
  { height, width }: ImagePreprocessing,
  input: PipelineInput,
  network: OnnxNetwork,
  { folder }: ModelSource,
): PipelineInput {
  if (input.kind !== 'image' || (input.height === height && input.width === width)) return input;
  if (!hasFixedSize(network)) return { ...input, height, width };
  throw new LabError(
    'bad-input',
    `${folder}: the preprocessing makes images of ${height} × ${width}, and the network reads ${input.height} × ${input.width}`,
    { folder },
  );
}

/** Throws `LabError('bad-input')` for a name that no node gives, with the one that was meant. */
function chosenLayer({ nodes }: OnnxNetwork, wanted: string, path: string): string {
  const names = nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== '');
  if (names.includes(wanted)) return wanted;
  const guess = nearest(wanted, names);
  const hint = guess === undefined ? `The last are ${names.slice(-3).join(', ')}` : `Did you mean '${guess}'?`;
  throw new LabError('bad-input', `layer: ${path} has no value '${wanted}'. ${hint}`, { path });
}

async function layers(source: ModelSource): Promise<ModelLayers> {
  const file = fileOf(source);
  if (file === undefined) throw new LabError('internal', `${source.path} looked like ONNX but is not`);
  const { foreign, read: found } = await load(source, file);
  const { network } = found;
  const declared = inputOf(network);
  const preprocessing = await preprocessingIn(source, network, foreign, declared);
  const input = preprocessing ? sizedAs(preprocessing, declared, network, source) : declared;
  const context = { program: createProgram('inside'), mode: 'evaluation' as const, batchSize: 1, input };
  const inputs = declareInputs(context);
  const ports = network.feeds.flatMap(({ port }) => {
    const value = inputs[nameOf(port)];
    return value ? [[port, value] as const] : [];
  });
  const suggested = suggestLayer(network);
  const options = { network: packNetwork(network), layer: suggested };
  const { inside } = findBlock('onnx-network');
  return { suggested, parts: inside!.list(context, Object.fromEntries(ports), options) }; // the block can be opened
}

/** Of the data that a port of the block is fed. */
const nameOf = (port: OnnxNetwork['feeds'][number]['port']): string => (port === 'sequence' ? 'frames' : port);

const prefix = 'backbone/network/';

/** With the outputs that the layer has, and the names of the weights that it needs. */
function pipelineOf(
  network: OnnxNetwork,
  layer: string,
  input: PipelineInput,
  path: string,
): { pipeline: PipelineGraph; names: readonly string[] } {
  const isImage = input.kind === 'image';
  const feeds = network.feeds.map(({ port }) => [port, port === 'image' ? 'pixels' : `input.${nameOf(port)}`] as const);
  const blocks: PipelineGraph['blocks'] = [
    ...(isImage ? [{ id: 'pixels', type: 'image-normalisation', options: {}, inputs: { image: 'input.image' } }] : []),
    {
      id: 'network',
      type: 'onnx-network',
      options: { network: packNetwork(network), layer },
      inputs: Object.fromEntries(feeds),
    },
  ];
  const program = createProgram('network');
  const context = { program, mode: 'evaluation' as const, batchSize: 2, input };
  try {
    const inputs = declareInputs(context);
    const { stages } = withScope(program, 'backbone', () => buildPipeline(context, { blocks, outputs: {} }, inputs));
    const ports = ['vector', 'sequence', 'map'].filter((port) => stages[`network.${port}`]);
    const outputs = Object.fromEntries(ports.map((port) => [port, `network.${port}`]));
    if (outputs.map !== undefined && outputs.vector === undefined) {
      blocks.push({ id: 'pooled', type: 'global-pooling', options: {}, inputs: { map: 'network.map' } });
      outputs.vector = 'pooled.vector'; // a classifier builds on it
    }
    return {
      pipeline: { blocks, outputs },
      names: [...program.parameters.keys()].filter((name) => name.startsWith(prefix)),
    };
  } catch (error) {
    if (!isLabError(error)) throw error;
    const code = error.code === 'too-large' ? error.code : 'bad-input';
    throw new LabError(code, `${path}: ${error.message.replace(/^network: /u, '')}`, { ...error.details, path }, error);
  }
}

function addStatistics(all: Map<string, LazyTensor>, preprocessing: ImagePreprocessing | undefined): void {
  if (!preprocessing) return;
  const { mean, standardDeviation } = preprocessing.statistics;
  for (const [name, values] of Object.entries({ mean, deviation: standardDeviation })) {
    all.set(`backbone/pixels/${name}`, {
      shape: [values.length],
      read: () => Promise.resolve(Float32Array.from(values)),
    });
  }
}

/** The classes of images that the network tells apart, where its end is one layer of products. */
function headOf(
  network: OnnxNetwork,
  weights: ReadNetwork['weights'],
  layer: string,
  preprocessing: ImagePreprocessing | undefined,
  all: Map<string, LazyTensor>,
): readonly ModelHead[] {
  const head = preprocessing && linearHead(network, layer);
  if (!head) return [];
  const parameters = new Map(network.weights.map(({ name, parameter }) => [name, parameter]));
  const tensor = (name: string) => weights.get(parameters.get(name) ?? '');
  const matrix = tensor(head.weight);
  const [rows = 0, columns = 0] = matrix?.shape ?? [];
  const [features, classes] = head.isTurned ? [columns, rows] : [rows, columns];
  const bias = head.bias === undefined ? undefined : tensor(head.bias);
  if (!matrix || classes < 2) return [];
  const place = 'head/image-classes/output';
  all.set(`${place}/weight`, {
    shape: [features, classes],
    read: () => Promise.resolve(head.isTurned ? turned(matrix.data, rows, columns) : matrix.data),
  });
  all.set(`${place}/bias`, { shape: [classes], read: () => Promise.resolve(bias?.data ?? new Float32Array(classes)) });
  return [
    {
      task: 'image-classification',
      title: `Image classification, ${plural(classes, 'class', 'classes')}`,
      options: { features: 'vector' },
      labels: Array.from({ length: classes }, (_, index) => `class ${index}`),
    },
  ];
}

function turned(data: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(data, (_, place) => data[(place % rows) * columns + Math.floor(place / rows)]!);
}

function notesOf(layer: string, preprocessing: ImagePreprocessing | undefined, { producer }: ForeignNetwork): string[] {
  const statistics = preprocessing?.statistics.mean.some((value) => value !== 0)
    ? ['an ONNX file does not say how pixels are to be normalised: ImageNet’s mean and deviation were taken']
    : [];
  const origin = producer === '' ? [] : [`written by ${producer}`];
  return [
    ...origin,
    `the head is put on '${layer}'; the block's option 'layer' takes another one before it`,
    ...statistics,
  ];
}

defineModelFamily({ name: 'onnx', title: 'ONNX network', kind: 'graph', recognise, read, layers });
