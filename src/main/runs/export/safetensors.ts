/** safetensors: the weights alone, under the lab's names, for whoever rebuilds the network. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportedNetwork } from '../../../shared/spec/manifests/exported-network.ts';
import type { ImagePreprocessing, ModelHead } from '../../../shared/spec/manifests/model.ts';
import { writeSafetensors } from '../../formats/safetensors.ts';
import { transferredPart } from '../../training/model.ts';
import { describeNetwork, imageStatisticsOf } from './describe-network.ts';
import { defineFormat } from './format.ts';
import type { ExportSource } from './source.ts';
import type { Weight } from './weights.ts';
import { weightsOf } from './weights.ts';

defineFormat({
  name: 'safetensors',
  title: 'safetensors',
  summary: "The weights alone, under the lab's names: for PyTorch, JAX and NumPy, and for fine-tuning in another lab",
  options: [],
  refusal: () => undefined,
  async write(source, folder, { onPhase }) {
    onPhase('Writing the weights');
    const { id, step, model, task, tokenizerFile } = source;
    const metadata = {
      format: 'pt',
      [source.trained ? 'run' : 'model']: id,
      step: String(step),
      task: model.task.type,
    };
    await writeSafetensors(join(folder, 'model.safetensors'), allWeightsOf(source), metadata);
    const network: ExportedNetwork = {
      ...describeNetwork(source, [], []),
      pipeline: model.pipeline,
      input: inputOf(source),
      head: headOf(source),
      images: imagesOf(source),
    };
    const about = { ...network, options: task };
    await writeFile(join(folder, 'model.json'), `${JSON.stringify(about, null, 2)}\n`);
    if (tokenizerFile !== undefined) await copyFile(tokenizerFile, join(folder, 'tokenizer.json'));
    return {
      files: ['model.safetensors', 'model.json', ...(tokenizerFile === undefined ? [] : ['tokenizer.json'])],
      notes: ['Matrices of dense layers are [inputs, outputs], the transpose of what PyTorch has'],
    };
  },
});

/** Also weights of the backbone that this head does not read: another one may. */
function allWeightsOf(source: ExportSource): Map<string, Weight> {
  const backbone = [...source.weights].flatMap(([name, { shape, data }]) =>
    name.startsWith(`${transferredPart}/`) && data instanceof Float32Array ? [[name, { shape, data }] as const] : [],
  );
  return new Map([...backbone, ...weightsOf(source)]);
}

/** What pixels are normalised with is a state among the weights. */
function inputOf({ model: { facts } }: ExportSource): ExportedNetwork['input'] {
  const { input } = facts;
  if (input.kind !== 'image') return input;
  const { kind, height, width, channels } = input;
  return { kind, height, width, channels };
}

/** As an imported model has it; null for answers that such a head does not give. */
function headOf({ model: { task, facts, options } }: ExportSource): ModelHead | null {
  const { classes, targets, labelSet, tags, speech, input } = facts;
  if (task.type === 'features' || targets || labelSet || tags || speech) return null;
  // These need more than a model keeps: how recordings become frames, or the whole picture.
  if (input.kind === 'frames' || task.readsParts === true) return null;
  return {
    task: task.type,
    title: task.title,
    options: { ...(options as object) }, // options of tasks are objects
    ...(classes && { labels: [...classes] }),
  };
}

/** Pixels are brought to the size in one step where the lab takes two: to that of its dataset, and from there to that of the network. */
function imagesOf(source: ExportSource): ImagePreprocessing | null {
  const { input, images } = source.model.facts;
  if (input.kind !== 'image') return null;
  const { height, width, channels } = input;
  const { fit, resizeShorter } = images?.network ?? images ?? { fit: 'stretch', resizeShorter: null };
  const block = source.model.pipeline.blocks.find(({ type }) => type === 'image-normalisation');
  const order = block?.options.channelOrder;
  return {
    ...{ height, width, channels: channels === 1 ? 1 : 3, fit, resizeShorter },
    statistics: imageStatisticsOf(source) ?? {
      mean: Array.from({ length: channels }, () => 0),
      standardDeviation: Array.from({ length: channels }, () => 1),
    },
    channelOrder: order === 'bgr' ? 'bgr' : 'rgb',
  };
}
