/**
 * Images with transcripts: a labelled image dataset whose labels are texts. Where the folders of the source are called train,
 * validation and test, they are the split; otherwise images are split at random, those of one group together.
 */
import { LabError } from '../../../shared/errors.ts';
import { splitDataset } from '../../data/split.ts';
import type { ImageDataset } from '../../data/images/image-store.ts';
import { openImageDataset } from '../../data/images/image-store.ts';
import type { EvaluationSplit, SamplerSetup } from '../task.ts';

export interface LabelledLines {
  readonly dataset: ImageDataset;
  /** The characters that occur, sorted; CTC's label of a character is its place here, counted from 1. */
  readonly alphabet: readonly string[];
  /** Indices of images. */
  readonly sides: Readonly<Record<'training' | EvaluationSplit, Uint32Array>>;
  /** CTC labels of an image. */
  transcript(image: number): readonly number[];
}

export interface LabelledLineSettings {
  readonly validationShare: number;
  readonly testShare: number;
  readonly longest: number;
  readonly labelsInAll?: number | undefined;
}

/** Throws `LabError('bad-input')` for transcripts that are longer than the option says. */
export function openLabelledLines({
  dataFolder,
  options,
  splitSeed,
}: Pick<SamplerSetup<LabelledLineSettings>, 'dataFolder' | 'options' | 'splitSeed'>): LabelledLines {
  const dataset = openImageDataset(dataFolder);
  try {
    const characters = dataset.classes.map((text) => Array.from(text.normalize('NFC')));
    const alphabet = [...new Set(characters.flat())].sort();
    const labelOf = new Map(alphabet.map((character, index) => [character, index + 1]));
    const transcripts = characters.map((text) => text.map((character) => labelOf.get(character)!)); // all are in it
    const longest = characters.findIndex((text) => text.length > options.longest);
    if (longest >= 0) {
      throw new LabError(
        'bad-input',
        `the transcript '${dataset.classes[longest]!}' has ${characters[longest]!.length} characters; set task.longest to at least that (it is ${options.longest})`,
      );
    }
    const sides = splitByFolder(dataset) ?? splitAtRandom(dataset, options, splitSeed);
    const training =
      options.labelsInAll === undefined ? sides.training : sides.training.subarray(0, options.labelsInAll);
    return {
      dataset,
      alphabet,
      sides: { ...sides, training },
      transcript: (image) => transcripts[dataset.labels[image]!]!,
    };
  } catch (error) {
    dataset.close();
    throw error;
  }
}

const folders = { train: 'training', validation: 'validation', test: 'test' } as const;

/** Undefined when an image lies elsewhere, or none is for training or validation. */
function splitByFolder(dataset: ImageDataset): LabelledLines['sides'] | undefined {
  const sides: Record<'training' | EvaluationSplit, number[]> = { training: [], validation: [], test: [] };
  for (let image = 0; image < dataset.length; image++) {
    const folder = dataset.source(image).path.split('/')[0] ?? '';
    if (!(folder in folders)) return undefined;
    sides[folders[folder as keyof typeof folders]].push(image); // it is one of the keys
  }
  if (sides.training.length === 0 || sides.validation.length === 0) return undefined;
  const indices = (side: keyof typeof sides): Uint32Array => Uint32Array.from(sides[side]);
  return { training: indices('training'), validation: indices('validation'), test: indices('test') };
}

function splitAtRandom(dataset: ImageDataset, options: LabelledLineSettings, seed: number): LabelledLines['sides'] {
  // Transcripts are no classes: all images count as one.
  const labels = new Int32Array(dataset.length);
  const material = { labels, classes: ['line'], groups: dataset.groups, contentHash: dataset.manifest.contentHash };
  const fractions = { validation: options.validationShare, test: options.testShare };
  const { train, validation, test } = splitDataset(material, { seed, fractions });
  return { training: train, validation, test };
}
