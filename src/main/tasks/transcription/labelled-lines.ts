/**
 * Lines with transcripts: a labelled dataset of images or recordings whose labels are texts. Where the folders of the source are
 * called train, validation and test, they are the split; otherwise lines are split at random, those of one group together.
 */
import { LabError } from '../../../shared/errors.ts';
import { requireSeparateGroups } from '../../data/images/leakage.ts';
import { splitDataset, takeLabelled } from '../../data/split.ts';
import type { LabelBudget } from '../labelled/label-budget.ts';
import type { EvaluationSplit, ExampleSides, SamplerSetup } from '../task.ts';
import { withoutExcluded } from '../task.ts';
import type { LineMaterial } from './line-material.ts';
import { openLineMaterial } from './line-material.ts';

export interface LabelledLines {
  readonly material: LineMaterial;
  /** The characters that occur, sorted; CTC's label of a character is its place here, counted from 1. */
  readonly alphabet: readonly string[];
  /** Indices of lines. */
  readonly sides: ExampleSides;
  /** CTC labels of a line. */
  transcript(line: number): readonly number[];
}

export interface LabelledLineSettings {
  readonly validationFraction: number;
  readonly testFraction: number;
  readonly longest: number;
  readonly labelBudget?: Pick<LabelBudget, 'total'> | undefined;
  readonly nearDuplicates: 'together' | 'anywhere';
}

/** Throws `LabError('bad-input')` for transcripts that are longer than the option says. */
export function openLabelledLines({
  dataFolder,
  options,
  splitSeed,
  labelSeed,
  excludedFromTest,
  images: network,
}: Pick<
  SamplerSetup<LabelledLineSettings>,
  'dataFolder' | 'options' | 'splitSeed' | 'labelSeed' | 'excludedFromTest' | 'images'
>): LabelledLines {
  const material = openLineMaterial(dataFolder, network);
  try {
    const characters = material.classes.map((text) => Array.from(text.normalize('NFC')));
    const alphabet = [...new Set(characters.flat())].sort();
    const labelOf = new Map(alphabet.map((character, index) => [character, index + 1]));
    const transcripts = characters.map((text) => text.map((character) => labelOf.get(character)!)); // all are in it
    const longest = characters.findIndex((text) => text.length > options.longest);
    if (longest >= 0) {
      throw new LabError(
        'bad-input',
        `the transcript '${material.classes[longest]!}' has ${characters[longest]!.length} characters; set task.longest to at least that (it is ${options.longest})`,
      );
    }
    const sides =
      (material.sides === undefined ? splitByFolder(material, options) : undefined) ??
      splitAtRandom(material, options, splitSeed);
    const training = takeLines(material, sides.training, options.labelBudget?.total, labelSeed);
    return {
      material,
      alphabet,
      sides: withoutExcluded({ ...sides, training }, excludedFromTest),
      transcript: (line) => transcripts[material.labels[line]!]!,
    };
  } catch (error) {
    material.close();
    throw error;
  }
}

/** Without a seed of its own, a budget has the first lines. */
function takeLines(
  { length, contentHash }: LineMaterial,
  lines: Uint32Array,
  count: number | undefined,
  seed: number | undefined,
): Uint32Array {
  if (count === undefined) return lines;
  if (seed === undefined || count >= lines.length) return lines.subarray(0, count);
  return takeLabelled(
    { labels: new Int32Array(length), classes: ['line'], contentHash },
    lines,
    { total: count },
    seed,
  );
}

const folders = { train: 'training', validation: 'validation', test: 'test' } as const;

/**
 * Undefined when a line lies elsewhere, or none is for training or validation. Throws `LabError('bad-input')` where two
 * folders have the same line, or nearly the same, unless that is allowed.
 */
function splitByFolder(
  material: LineMaterial,
  { nearDuplicates }: LabelledLineSettings,
): LabelledLines['sides'] | undefined {
  const sides: Record<'training' | EvaluationSplit, number[]> = { training: [], validation: [], test: [] };
  for (let line = 0; line < material.length; line++) {
    const folder = material.path(line).split('/')[0] ?? '';
    if (!(folder in folders)) return undefined;
    sides[folders[folder as keyof typeof folders]].push(line); // it is one of the keys
  }
  if (sides.training.length === 0 || sides.validation.length === 0) return undefined;
  if (material.groups && nearDuplicates === 'together') {
    requireSeparateGroups({ ...material, groups: material.groups }, sides);
  }
  const indices = (side: keyof typeof sides): Uint32Array => Uint32Array.from(sides[side]);
  return { training: indices('training'), validation: indices('validation'), test: indices('test') };
}

function splitAtRandom(lines: LineMaterial, options: LabelledLineSettings, seed: number): LabelledLines['sides'] {
  // Transcripts are no classes: all lines count as one.
  const { length, contentHash, sides } = lines;
  const groups = options.nearDuplicates === 'together' ? lines.groups : undefined;
  const material = { labels: new Int32Array(length), classes: ['line'], groups, sides, contentHash };
  const fractions = { validation: options.validationFraction, test: options.testFraction };
  const { train, validation, test } = splitDataset(material, { seed, fractions });
  return { training: train, validation, test };
}
