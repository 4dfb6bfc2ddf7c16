/**
 * Splits of labelled material into training, validation and test sides, and label budgets out of the training side. Both are
 * pure functions of the content and a seed: runs that are compared use the same ones, on every machine.
 */
import { LabError } from '../../shared/errors.ts';
import { quoted } from '../../shared/excerpt.ts';
import { randomStream } from '../../shared/random.ts';
import type { LabelSets } from './split-labels.ts';
import { stratifyLabels } from './split-labels.ts';

export interface SplitMaterial {
  /** The class of each example. */
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  /** Examples with the same number always stay on one side; without it every example stands alone. */
  readonly groups?: ArrayLike<number> | undefined;
  /** The sides that the material itself puts examples on: 0 for none, 1 training, 2 validation, 3 test; see import/sides.ts. */
  readonly sides?: Uint8Array | undefined;
  /** Of examples with several labels: what sides are to have in proportion instead of classes. */
  readonly labelSets?: LabelSets | undefined;
  /** Hexadecimal hash of the material. */
  readonly contentHash: string;
}

export interface SplitShares {
  readonly validation: number;
  readonly test: number;
}

export interface SplitOptions {
  readonly seed: number;
  /** Shares of all examples from 0 to 1; the rest is for training. */
  readonly fractions?: SplitShares | undefined;
  /** Numbers of examples instead of shares. */
  readonly counts?: SplitShares | undefined;
}

/** Indices of the examples on each side. */
export interface Split {
  /** Ascending. */
  readonly train: Uint32Array;
  /** In a fixed random order, as the test: an evaluation that is cut short has still seen examples of all kinds. */
  readonly validation: Uint32Array;
  readonly test: Uint32Array;
}

export type LabelBudget = { readonly perClass: number } | { readonly total: number };

type Side = keyof Split;

const DEFAULT_FRACTIONS: SplitShares = { validation: 0.1, test: 0.2 };

/** Domains of the random numbers, so that the split and the budget of one seed have nothing to do with each other. */
const SPLIT_DOMAIN = 1;
const BUDGET_DOMAIN = 2;
const EVALUATION_DOMAIN = 3;

function shuffle(items: number[], material: SplitMaterial, seed: number, domain: number, stratum: number): void {
  // 48 bits of the content's hash; counters are integers below 2^53.
  const content = Number.parseInt(material.contentHash.slice(0, 12), 16);
  const stream = randomStream(seed, domain, content, stratum);
  for (let last = items.length - 1; last > 0; last -= 1) {
    const chosen = stream.integer(last + 1);
    const moved = items[last]!;
    items[last] = items[chosen]!;
    items[chosen] = moved;
  }
}

/**
 * Whole numbers close to the wanted ones with the same total: rounded down, what is missing goes to the largest remainders,
 * to the first of equal ones (the method of Hamilton).
 */
export function apportion(wanted: readonly number[]): number[] {
  const total = Math.round(wanted.reduce((sum, value) => sum + value, 0));
  const result = wanted.map((value) => Math.floor(value + 1e-9));
  const order = wanted.map((_, index) => index);
  order.sort((a, b) => wanted[b]! - result[b]! - (wanted[a]! - result[a]!) || a - b);
  let missing = total - result.reduce((sum, value) => sum + value, 0);
  for (const index of order) {
    if (missing <= 0) break;
    result[index] = result[index]! + 1;
    missing -= 1;
  }
  return result;
}

/** Examples by group, and groups by the class of their first example. */
function gatherUnits(material: SplitMaterial): { units: number[][]; byClass: number[][] } {
  const { labels, groups } = material;
  const units: number[][] = [];
  const unitOfGroup = new Map<number, number[]>();
  const byClass: number[][] = material.classes.map(() => []);
  for (let example = 0; example < labels.length; example += 1) {
    const known = groups === undefined ? undefined : unitOfGroup.get(groups[example]!);
    if (known !== undefined) {
      known.push(example);
      continue;
    }
    const unit = [example];
    byClass[labels[example]!]!.push(units.length);
    units.push(unit);
    if (groups !== undefined) unitOfGroup.set(groups[example]!, unit);
  }
  return { units, byClass };
}

function wantedCounts(material: SplitMaterial, options: SplitOptions): SplitShares {
  const size = material.labels.length;
  const { counts, fractions = DEFAULT_FRACTIONS } = options;
  const given = counts ?? fractions;
  const wanted = counts ?? { validation: fractions.validation * size, test: fractions.test * size };
  const total = wanted.validation + wanted.test;
  if (!(wanted.validation >= 0 && wanted.test >= 0 && total < size)) {
    const message = `${given.validation} for validation and ${given.test} for the test leave nothing of ${size} examples to train on.`;
    throw new LabError('bad-spec', message, { ...given, examples: size });
  }
  return wanted;
}

/**
 * Splits by class or by several labels, so that every side has them in the material's proportions, up to rounding and as far as
 * groups allow: a group goes to the first side that has room for the whole of it. Sides that come with the material are kept.
 * @throws LabError `bad-spec` if nothing is left for training
 */
export function splitDataset(material: SplitMaterial, options: SplitOptions): Split {
  const { sides, ...rest } = material;
  return sides === undefined ? drawSplit(rest, options) : officialSplit(rest, sides, options);
}

/** The sides that come with the material; one that does not come with it is drawn from the training side. */
function officialSplit(material: SplitMaterial, sides: Uint8Array, options: SplitOptions): Split {
  const on = (...numbers: readonly number[]): number[] => {
    const examples: number[] = [];
    sides.forEach((side, example) => {
      if (numbers.includes(side)) examples.push(example);
    });
    return examples;
  };
  const official = { validation: on(2), test: on(3) };
  const pool = on(0, 1);
  const { counts, fractions = DEFAULT_FRACTIONS } = options;
  const given = counts ?? fractions;
  const drawn = {
    validation: official.validation.length > 0 ? 0 : given.validation,
    test: official.test.length > 0 ? 0 : given.test,
  };
  const { groups, labelSets } = material;
  const part = {
    ...material,
    labelSets: labelSets && {
      count: labelSets.count,
      values: Uint8Array.from({ length: pool.length * labelSets.count }, (_, at) => {
        return labelSets.values[pool[Math.floor(at / labelSets.count)]! * labelSets.count + (at % labelSets.count)]!;
      }),
    },
    labels: Int32Array.from(pool, (example) => material.labels[example]!),
    groups: groups && Uint32Array.from(pool, (example) => groups[example]!),
  };
  const split = drawSplit(part, { seed: options.seed, ...(counts ? { counts: drawn } : { fractions: drawn }) });
  const originals = (indices: Uint32Array): Uint32Array => indices.map((index) => pool[index]!);
  const evaluated = (side: 'validation' | 'test', domain: number): Uint32Array => {
    if (official[side].length === 0) return originals(split[side]);
    shuffle(official[side], material, options.seed, EVALUATION_DOMAIN, domain);
    return Uint32Array.from(official[side]);
  };
  return { train: originals(split.train), validation: evaluated('validation', 0), test: evaluated('test', 1) };
}

function drawSplit(material: SplitMaterial, options: SplitOptions): Split {
  const wanted = wantedCounts(material, options);
  const { units, byClass } = gatherUnits(material);
  const sides = material.labelSets
    ? sidesByLabels(material, material.labelSets, units, wanted, options.seed)
    : sidesByClass(material, units, byClass, wanted, options.seed);
  const mixed = (examples: number[], side: number): Uint32Array => {
    examples.sort((a, b) => a - b);
    shuffle(examples, material, options.seed, EVALUATION_DOMAIN, side);
    return Uint32Array.from(examples);
  };
  return {
    train: Uint32Array.from(sides.train).sort(),
    validation: mixed(sides.validation, 0),
    test: mixed(sides.test, 1),
  };
}

function noExamples(): Record<Side, number[]> {
  return { train: [], validation: [], test: [] };
}

function sidesByClass(
  material: SplitMaterial,
  units: readonly number[][],
  byClass: readonly number[][],
  wanted: SplitShares,
  seed: number,
): Record<Side, number[]> {
  const classSizes = byClass.map((unitsOfClass) => unitsOfClass.reduce((sum, unit) => sum + units[unit]!.length, 0));
  const quota = (count: number): number[] =>
    apportion(classSizes.map((classSize) => (classSize / material.labels.length) * count));
  const quotas = { test: quota(wanted.test), validation: quota(wanted.validation) };
  const sides = noExamples();
  for (const [label, unitsOfClass] of byClass.entries()) {
    shuffle(unitsOfClass, material, seed, SPLIT_DOMAIN, label);
    const room = { test: quotas.test[label]!, validation: quotas.validation[label]! };
    // A class of few examples is first of all for training.
    const largest = Math.max(0, classSizes[label]! - 1);
    if (room.test + room.validation > largest) room.validation = Math.max(0, largest - room.test);
    room.test = Math.min(room.test, largest);
    for (const unit of unitsOfClass) {
      const examples = units[unit]!;
      const side: Side =
        examples.length <= room.test ? 'test' : examples.length <= room.validation ? 'validation' : 'train';
      if (side !== 'train') room[side] -= examples.length;
      sides[side].push(...examples);
    }
  }
  return sides;
}

function sidesByLabels(
  material: SplitMaterial,
  labelSets: LabelSets,
  units: readonly number[][],
  { validation, test }: SplitShares,
  seed: number,
): Record<Side, number[]> {
  const order = Array.from(units.keys());
  shuffle(order, material, seed, SPLIT_DOMAIN, 0);
  const shuffled = order.map((unit) => units[unit]!);
  const counts = apportion([test, validation, material.labels.length - test - validation]);
  const sides = noExamples();
  const names = ['test', 'validation', 'train'] as const;
  for (const [unit, side] of stratifyLabels(shuffled, labelSets, counts).entries()) {
    sides[names[side]!].push(...shuffled[unit]!);
  }
  return sides;
}

/**
 * A few labelled examples of the training side. Budgets of one seed are nested: what a smaller one holds, a larger one holds
 * as well, so that a curve over budgets is not shaken by new draws. With `total`, the classes keep their proportions up to
 * rounding, and each is there at least once if the budget has room for it.
 * @param train indices of the training side
 * @returns ascending indices
 * @throws LabError `bad-spec` if there are not as many
 */
export function takeLabelled(
  material: SplitMaterial,
  train: ArrayLike<number>,
  budget: LabelBudget,
  seed: number,
): Uint32Array {
  const byClass: number[][] = material.classes.map(() => []);
  for (let index = 0; index < train.length; index += 1) byClass[material.labels[train[index]!]!]!.push(train[index]!);
  for (const [label, examples] of byClass.entries()) shuffle(examples, material, seed, BUDGET_DOMAIN, label);
  const wanted = 'perClass' in budget ? budget.perClass : budget.total;
  if (!Number.isInteger(wanted) || wanted < 1) {
    throw new LabError('bad-spec', `A label budget is a whole number from 1 on, not ${wanted}.`, { budget });
  }
  const chosen =
    'perClass' in budget ? firstOfEach(byClass, wanted, material) : firstOfAll(byClass, wanted, train.length);
  return Uint32Array.from(chosen).sort();
}

function firstOfEach(byClass: readonly number[][], count: number, material: SplitMaterial): number[] {
  return byClass.flatMap((examples, label) => {
    if (examples.length < count) {
      const name = material.classes[label] ?? String(label);
      const message = `The class ${quoted(name)} has ${examples.length} training examples, fewer than the ${count} of the label budget.`;
      throw new LabError('bad-spec', message, { class: name, available: examples.length, wanted: count });
    }
    return examples.slice(0, count);
  });
}

/** The first `count` of one order of all examples, in which every beginning has the classes in proportion. */
function firstOfAll(byClass: readonly number[][], count: number, available: number): number[] {
  if (count > available) {
    const message = `There are ${available} training examples, fewer than the ${count} of the label budget.`;
    throw new LabError('bad-spec', message, { available, wanted: count });
  }
  const order = byClass.flatMap((examples, label) => {
    // Evenly spaced over 0 … 1, but the first one before everything else, the larger classes leading.
    return examples.map((example, index) => ({
      example,
      label,
      place: index === 0 ? -examples.length : (index + 0.5) / examples.length,
    }));
  });
  order.sort((a, b) => a.place - b.place || a.label - b.label);
  return order.slice(0, count).map(({ example }) => example);
}
