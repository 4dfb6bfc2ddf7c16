/** What a person says of a model when it is imported goes before what its files say, or stands in where they are silent. */
import { LabError } from '../../shared/errors.ts';
import type { ImagePreprocessing, ModelHead } from '../../shared/spec/manifests/model.ts';
import type { ModelSettings } from '../../shared/spec/model-settings.ts';
import type { ReadModel } from './family.ts';

/** Throws `LabError('bad-input')` for what has no meaning for this model, naming the setting. */
export function applySettings(model: ReadModel, settings: ModelSettings, path: string): ReadModel {
  const { labels, layer: _ofFamily, ...ofImages } = settings;
  const named = labels ? { ...model, heads: withLabels(model.heads, labels, path) } : model;
  if (Object.values(ofImages).every((value) => value === undefined)) return named;
  return withPreprocessing(named, ofImages, path);
}

function withLabels(heads: readonly ModelHead[], labels: readonly string[], path: string): ModelHead[] {
  const repeated = labels.find((name, index) => labels.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw new LabError('bad-input', `labels: '${repeated}' comes twice, and classes are told apart by their names`);
  }
  if (!heads.some((head) => head.labels)) {
    throw new LabError('bad-input', `labels: ${path} came without a head for classes`, { path });
  }
  return heads.map((head) => {
    if (!head.labels) return head;
    if (head.labels.length === labels.length) return { ...head, labels: [...labels] };
    const counts = `${labels.length} names for ${head.labels.length} outputs`;
    throw new LabError('bad-input', `labels: ${counts} of ${path}. Give one name for each, in their order`, { path });
  });
}

type ImageSettings = Omit<ModelSettings, 'labels' | 'layer'>;

function withPreprocessing(model: ReadModel, settings: ImageSettings, path: string): ReadModel {
  const { preprocessing, input, pipeline } = model;
  if (!preprocessing || input.kind !== 'image') {
    const names = Object.keys(settings).join(', ');
    throw new LabError('bad-input', `${names}: ${path} reads no images`, { path });
  }
  const changed = changedPreprocessing(preprocessing, settings, input.channels);
  const { height, width, statistics, channelOrder } = changed;
  const weights = new Map(model.weights);
  for (const [name, values] of [
    ['backbone/pixels/mean', statistics.mean],
    ['backbone/pixels/deviation', statistics.standardDeviation],
  ] as const) {
    if (!weights.has(name)) continue; // of a network that normalises its pixels in a way of its own
    weights.set(name, { shape: [values.length], read: () => Promise.resolve(Float32Array.from(values)) });
  }
  const blocks = pipeline.blocks.map((block) =>
    block.type === 'image-normalisation' ? { ...block, options: { ...block.options, channelOrder } } : block,
  );
  const isOrdered = settings.channelOrder !== undefined;
  return {
    ...model,
    preprocessing: changed,
    input: { ...input, height, width },
    weights,
    pipeline: isOrdered ? { ...pipeline, blocks } : pipeline,
  };
}

function changedPreprocessing(
  known: ImagePreprocessing,
  {
    height = known.height,
    width = known.width,
    fit = known.fit,
    resizeShorter,
    mean,
    std,
    channelOrder,
  }: ImageSettings,
  channels: number,
): ImagePreprocessing {
  for (const [name, values] of [
    ['mean', mean],
    ['std', std],
  ] as const) {
    if (values && values.length !== channels) {
      throw new LabError('bad-input', `${name}: ${values.length} numbers for ${channels} channels`);
    }
  }
  if (std?.includes(0)) throw new LabError('bad-input', 'std: pixels are divided by it, so it cannot be 0');
  if (channelOrder === 'bgr' && channels !== 3) {
    throw new LabError(
      'bad-input',
      `channelOrder: the network reads ${channels} channels, which have no order of colours`,
    );
  }
  // The share of the shorter side that is cut out stays what it was.
  const share = known.resizeShorter === null ? 1 : known.resizeShorter / Math.min(known.height, known.width);
  const shorter = resizeShorter ?? Math.round(share * Math.min(height, width));
  return {
    ...known,
    ...{ height, width, fit },
    resizeShorter: fit === 'center-crop' ? Math.max(shorter, height, width) : null,
    statistics: {
      mean: mean ?? known.statistics.mean,
      standardDeviation: std ?? known.statistics.standardDeviation,
    },
    channelOrder: channelOrder ?? known.channelOrder,
  };
}
