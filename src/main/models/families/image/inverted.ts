/** MobileNetV2 (Sandler et al. 2018) and EfficientNet-Lite (Tan & Le 2019): networks of inverted residual units with ReLU6. */
import { basename, join } from 'node:path';
import { LabError } from '../../../../shared/errors.ts';
import { pipelineGraph } from '../../../../shared/spec/pipeline.ts';
import { sizeAt } from '../../../graph/index.ts';
import {
  efficientnetConventions,
  efficientnetStrides,
  invertedGraph,
  mobilenetConventions,
  mobilenetStrides,
} from '../../../nn/presets/mobilenet.ts';
import type { InvertedStage } from '../../../nn/presets/mobilenet.ts';
import type { ReadModel, Recognition } from '../../family.ts';
import { defineModelFamily } from '../../family.ts';
import type { ModelSource } from '../../source.ts';
import type { WeightMap } from '../../weight-map.ts';
import { imageWeightMap, mapImageHead, mapPixels, requireAllUsed, requireColour } from './image-weights.ts';
import type { InvertedNames, InvertedUnitNames } from './inverted-names.ts';
import { invertedNames } from './inverted-names.ts';
import { mapInverted } from './inverted-weights.ts';
import { centreCrop, centredStatistics, imagenetStatistics, imagePreprocessing } from './preprocessing.ts';

type Kind = 'mobilenet-v2' | 'efficientnet-lite';

const titles: Readonly<Record<Kind, string>> = {
  'mobilenet-v2': 'MobileNetV2',
  'efficientnet-lite': 'EfficientNet-Lite',
};

/** Units of the seven stages where the names do not tell them and two stages are as wide as each other. */
const usualUnits: Readonly<Record<Kind, readonly number[]>> = {
  'mobilenet-v2': [1, 2, 3, 4, 3, 3, 1],
  'efficientnet-lite': [1, 2, 2, 3, 3, 4, 1],
};

const strides: Readonly<Record<Kind, readonly number[]>> = {
  'mobilenet-v2': mobilenetStrides,
  'efficientnet-lite': efficientnetStrides,
};

async function namesIn(source: ModelSource): Promise<InvertedNames | undefined> {
  if (source.tensorFile === undefined) return undefined;
  const { entries } = await source.tensors();
  return invertedNames((name) => entries.has(name));
}

/** timm calls many networks' parts alike: its config says which one it is, or the sizes of the filters do. */
function kindOf(names: InvertedNames, map: WeightMap, source: ModelSource): Kind | undefined {
  if (names.origin === 'torchvision') return 'mobilenet-v2';
  if (names.origin === 'efficientnet_lite_pytorch') return 'efficientnet-lite';
  const architecture = architectureIn(source);
  if (architecture !== undefined) {
    if (architecture.startsWith('mobilenetv2')) return 'mobilenet-v2';
    return /^(tf_)?efficientnet_lite/.test(architecture) ? 'efficientnet-lite' : undefined;
  }
  const kernels = (names.stages ?? []).map(([first]) => first && sizeAt(map.shapeOf(weightOf(first.depthwise)), 2));
  if (kernels.join() === '3,3,3,3,3,3,3') return 'mobilenet-v2';
  return kernels.join() === '3,3,5,3,5,5,3' ? 'efficientnet-lite' : undefined;
}

/** As timm's config.json says it, or as a file is called that has none. */
function architectureIn({ config, file }: ModelSource): string | undefined {
  const named: unknown = config?.architecture;
  if (typeof named === 'string') return named;
  return /^(tf_)?(mobilenetv2|efficientnet_lite)\w*/.exec(basename(file ?? ''))?.[0];
}

const weightOf = ({ convolution }: { readonly convolution: string }): string => `${convolution}.weight`;

interface Part {
  readonly names: InvertedUnitNames;
  readonly channels: number;
}

/** The units in stages. Throws `LabError('bad-input')` where there are not seven of them, whose strides are known. */
function stagesOf(names: InvertedNames, kind: Kind, map: WeightMap, source: ModelSource): readonly (readonly Part[])[] {
  const parts = names.units.map((unit) => ({
    names: unit,
    channels: sizeAt(map.shapeOf(weightOf(unit.project)), 0),
  }));
  const named = names.stages?.map(({ length }) => length);
  const alike: number[] = [];
  parts.forEach(({ channels }, index) => {
    if (index > 0 && channels === parts[index - 1]?.channels) alike[alike.length - 1]! += 1;
    else alike.push(1);
  });
  const usual = usualUnits[kind];
  const fitting = [named, usual, alike].find(
    (counts) => counts?.length === 7 && counts.reduce((sum, count) => sum + count, 0) === parts.length,
  );
  if (!fitting) {
    const path = join(source.folder, source.tensorFile ?? '');
    throw new LabError(
      'bad-input',
      `${path} has ${parts.length} units in ${alike.length} stages; ${titles[kind]} has seven stages`,
      {
        path,
      },
    );
  }
  let begin = 0;
  return fitting.map((count) => parts.slice(begin, (begin += count)));
}

function recogniseAs(kind: Kind) {
  return async (source: ModelSource): Promise<Recognition | undefined> => {
    const names = await namesIn(source);
    if (!names) return undefined;
    const map = await imageWeightMap(source, titles[kind]);
    if (kindOf(names, map, source) !== kind) return undefined;
    const head = `${names.head}.weight`;
    return {
      title: titles[kind],
      facts: [
        ['units', String(names.units.length)],
        ['classes', map.has(head) ? String(sizeAt(map.shapeOf(head), 0)) : 'none'],
        ['names', names.origin],
      ],
    };
  };
}

function readAs(kind: Kind) {
  return async (source: ModelSource): Promise<ReadModel> => {
    const names = await namesIn(source);
    if (!names) throw new LabError('internal', `${source.path} looked like ${titles[kind]} but is not one`);
    const map = await imageWeightMap(source, titles[kind]);
    requireColour(map, weightOf(names.stem), source);
    const { conventions, preprocessing: convention } = conventionsOf(kind, names, source);
    const preprocessing = await imagePreprocessing(source, convention);
    mapPixels(map, preprocessing);
    const stem = sizeAt(map.shapeOf(weightOf(names.stem)), 0);
    let inputs = stem;
    const stages = stagesOf(names, kind, map, source).map((parts, index): InvertedStage => {
      const stage = stageOf(map, parts, inputs, strides[kind][index]!);
      inputs = stage.channels;
      return stage;
    });
    const features = sizeAt(map.shapeOf(weightOf(names.features)), 0);
    mapInverted(map, names, { stem, stages, features });
    const heads = mapImageHead(map, source, names.head, features);
    const notes = requireAllUsed(map, source, titles[kind]);
    return {
      title: titles[kind],
      pipeline: pipelineGraph.parse(invertedGraph({ ...conventions, stem, stages, features })),
      input: { kind: 'image', height: preprocessing.height, width: preprocessing.width, channels: 3 },
      weights: map.weights,
      heads,
      preprocessing,
      notes,
    };
  };
}

function stageOf(map: WeightMap, parts: readonly Part[], inputs: number, stride: number): InvertedStage {
  const [first] = parts as readonly [Part, ...Part[]]; // stages have units
  const filters = map.shapeOf(weightOf(first.names.depthwise));
  return {
    channels: first.channels,
    units: parts.length,
    stride,
    kernel: sizeAt(filters, 2),
    expansion: Math.max(1, Math.round(sizeAt(filters, 0) / inputs)),
  };
}

/**
 * Padding and batch normalisation, which the weights do not tell: torchvision's, TensorFlow's where the weights are from there, or
 * timm's own, which pads as PyTorch does.
 */
function conventionsOf(kind: Kind, names: InvertedNames, source: ModelSource) {
  if (kind === 'mobilenet-v2') {
    return { conventions: mobilenetConventions, preprocessing: centreCrop(224, 224 / 256, imagenetStatistics) };
  }
  const isTimmsOwn = names.origin === 'timm' && architectureIn(source)?.startsWith('tf_') === false;
  if (names.origin === 'timm' && !isTimmsOwn) {
    // timm keeps TensorFlow's padding and ε with its own momentum.
    const conventions = { ...efficientnetConventions, momentum: mobilenetConventions.momentum };
    return { conventions, preprocessing: centreCrop(224, 0.875, centredStatistics) };
  }
  if (isTimmsOwn) {
    return { conventions: mobilenetConventions, preprocessing: centreCrop(224, 0.875, imagenetStatistics) };
  }
  return { conventions: efficientnetConventions, preprocessing: centreCrop(224, 0.875, centredStatistics) };
}

for (const kind of ['mobilenet-v2', 'efficientnet-lite'] as const) {
  defineModelFamily({
    name: kind,
    title: titles[kind],
    kind: 'image',
    recognise: recogniseAs(kind),
    read: readAs(kind),
  });
}
