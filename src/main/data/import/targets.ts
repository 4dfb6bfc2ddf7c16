/** Numbers or several labels for each example: gathered by an import, written beside the labels, and read back. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError, messageOf } from '../../../shared/errors.ts';
import { quoted } from '../../../shared/excerpt.ts';
import type { LabelFormat, TargetFormat } from '../../../shared/spec/label-format.ts';
import type { DatasetTargets } from '../../../shared/spec/manifests/dataset-targets.ts';
import { AppendingFile } from '../../files/appending-file.ts';
import { orderClasses } from './class-order.ts';
import { readCigar, UNRELATED } from '../text/aligned-pair.ts';
import { GrowingUint32Array } from './growing-array.ts';
import { labelColumnsOf, labelsOf, numbersOf } from './label-format.ts';

export const TARGETS_FILE = 'targets.bin';

/** A byte for each of them and each example is kept. */
const MOST_LABELS = 2000;

/** The targets of every example, row-major [examples, names]. */
export type Targets =
  | { readonly kind: 'numbers'; readonly names: readonly string[]; readonly values: Float64Array }
  | { readonly kind: 'several'; readonly names: readonly string[]; readonly values: Uint8Array }
  /** A tag for each word of an example, which has them itself. */
  | { readonly kind: 'tags'; readonly names: readonly string[] }
  /** How the two sequences of an example are aligned, which it says itself. */
  | { readonly kind: 'alignments' };

/** Takes the labels of an import as they come; undefined where each is one class. */
export function collectTargets(format: LabelFormat, labelColumn: string): TargetCollector | undefined {
  if (format.kind === 'classes') return undefined;
  return new TargetCollector(format, labelColumnsOf(labelColumn, format));
}

export class TargetCollector {
  /** What stands for the one class that all examples are in, for whoever splits by class. */
  readonly title: string;
  private readonly format: TargetFormat;
  private readonly columns: readonly string[];
  private readonly numbers: number[] = [];
  private readonly labelNumbers = new Map<string, number>();
  /** Labels of all examples, one after the other, and where those of each example end. */
  private readonly labels = new GrowingUint32Array();
  private readonly ends = new GrowingUint32Array();
  private readonly tagCounts = new Map<string, number>();
  private readonly alignments = { related: 0, unrelated: 0, aligned: 0, alignedPairs: 0 };
  private readonly content = createHash('sha256');

  constructor(format: TargetFormat, columns: readonly string[]) {
    this.format = format;
    this.columns = columns;
    this.title = columns.join(', ');
  }

  /** A label for which `problemOfLabel` finds nothing. @throws LabError `bad-input` for too many different labels */
  add(label: string): void {
    this.content.update(label).update('\0');
    if (this.format.kind === 'numbers') {
      this.numbers.push(...numbersOf(label));
      return;
    }
    if (this.format.kind === 'alignments') {
      const { pairs } = readCigar(label) ?? {};
      if (label === UNRELATED) this.alignments.unrelated += 1;
      else this.alignments.related += 1;
      if (pairs !== undefined) this.alignments.aligned += 1;
      this.alignments.alignedPairs += pairs ?? 0;
      return;
    }
    if (this.format.kind === 'tags') {
      for (const tag of label.split(' ')) this.tagCounts.set(tag, (this.tagCounts.get(tag) ?? 0) + 1);
      this.requireFew(this.tagCounts, label);
      return;
    }
    for (const name of labelsOf(label, this.format)) this.labels.push(this.numberOf(name));
    this.ends.push(this.labels.length);
  }

  /** Whether an example that was added has these numbers or labels. */
  isLabelOf(example: number, label: string): boolean {
    if (this.format.kind === 'numbers') {
      const first = example * this.columns.length;
      return numbersOf(label).every((number, column) => number === this.numbers[first + column]);
    }
    if (this.format.kind !== 'several') return false; // pictures have no words and no sequences
    const from = example === 0 ? 0 : this.ends.view()[example - 1]!;
    const own = new Set(this.labels.view().subarray(from, this.ends.view()[example]));
    const names = labelsOf(label, this.format);
    return names.length === own.size && names.every((name) => own.has(this.labelNumbers.get(name) ?? -1));
  }

  /** SHA-256 of what was added and of what it was taken for; once, at the end. */
  contentKey(): string {
    return this.content.update(JSON.stringify([this.format, this.columns])).digest('hex');
  }

  private numberOf(name: string): number {
    const known = this.labelNumbers.get(name);
    if (known !== undefined) return known;
    const number = this.labelNumbers.size;
    this.labelNumbers.set(name, number);
    this.requireFew(this.labelNumbers, name);
    return number;
  }

  private requireFew({ size }: ReadonlyMap<string, number>, last: string): void {
    if (size <= MOST_LABELS) return;
    const message = `There are more than ${MOST_LABELS} different labels, the last ${quoted(last)}. Is this the column with the labels, and were they taken apart in the right places?`;
    throw new LabError('bad-input', message, { labels: size });
  }

  /** @throws LabError `bad-input` where no example has a label */
  async finish(folder: string): Promise<DatasetTargets> {
    if (this.format.kind === 'tags') return this.describeTags();
    if (this.format.kind === 'alignments') return this.describeAlignments();
    const file = await AppendingFile.create(join(folder, TARGETS_FILE));
    try {
      return await (this.format.kind === 'numbers' ? this.writeNumbers(file) : this.writeLabels(file));
    } finally {
      await file.close();
    }
  }

  private describeAlignments(): DatasetTargets {
    if (this.alignments.aligned > 0) return { kind: 'alignments', ...this.alignments };
    throw new LabError(
      'bad-input',
      'No pair is aligned: write related sequences in rows of equal length, with - for a gap.',
      this.alignments,
    );
  }

  private describeTags(): DatasetTargets {
    const names = orderClasses(this.tagCounts.keys());
    if (names.length < 2) {
      throw new LabError('bad-input', `Every word has the tag ${quoted(names[0] ?? '')}. Tagging needs at least two.`, {
        names,
      });
    }
    return { kind: 'tags', tags: names.map((name) => ({ name, words: this.tagCounts.get(name)! })) };
  }

  private async writeNumbers(file: AppendingFile): Promise<DatasetTargets> {
    const { columns, numbers } = this;
    const bytes = Buffer.alloc(8);
    for (const value of numbers) {
      bytes.writeDoubleLE(value);
      file.append(bytes);
      if (file.isFull) await file.flush();
    }
    await file.finish();
    const rows = numbers.length / columns.length;
    const targets = columns.map((name, column) => {
      let [minimum, maximum, sum] = [Infinity, -Infinity, 0];
      for (let at = column; at < numbers.length; at += columns.length) {
        const value = numbers[at]!;
        minimum = Math.min(minimum, value);
        maximum = Math.max(maximum, value);
        sum += value / rows;
      }
      return { name, minimum, maximum, mean: sum };
    });
    return { kind: 'numbers', targets };
  }

  private async writeLabels(file: AppendingFile): Promise<DatasetTargets> {
    const names = orderClasses(this.labelNumbers.keys());
    if (names.length === 0) {
      throw new LabError('bad-input', `No example has a label (column ${quoted(this.title)}).`, {
        columns: this.columns,
      });
    }
    const place = new Map(names.map((name, index) => [name, index]));
    const placeOf = [...this.labelNumbers.keys()].map((name) => place.get(name)!);
    const counts = new Uint32Array(names.length);
    const row = new Uint8Array(names.length);
    const labels = this.labels.view();
    let at = 0;
    for (const end of this.ends.view()) {
      row.fill(0);
      for (; at < end; at += 1) {
        const label = placeOf[labels[at]!]!;
        row[label] = 1;
        counts[label]! += 1;
      }
      file.append(row);
      if (file.isFull) await file.flush();
    }
    await file.finish();
    return { kind: 'several', labels: names.map((name, index) => ({ name, examples: counts[index]! })) };
  }
}

/** @throws LabError `corrupt` */
export function readTargets(folder: string, targets: DatasetTargets, examples: number): Targets {
  if (targets.kind === 'tags') return { kind: 'tags', names: targets.tags.map(({ name }) => name) };
  if (targets.kind === 'alignments') return { kind: 'alignments' };
  const path = join(folder, TARGETS_FILE);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new LabError('corrupt', `${path} cannot be read: ${messageOf(error)}. Import again.`, { path }, error);
  }
  const names = (targets.kind === 'numbers' ? targets.targets : targets.labels).map(({ name }) => name);
  const values = examples * names.length;
  const expected = targets.kind === 'numbers' ? values * 8 : values;
  if (bytes.length !== expected) {
    throw new LabError('corrupt', `${path} has ${bytes.length} bytes and not ${expected}. Import again.`, { path });
  }
  if (targets.kind === 'several') return { kind: 'several', names, values: Uint8Array.from(bytes) };
  const numbers = Float64Array.from({ length: values }, (_, index) => bytes.readDoubleLE(index * 8));
  if (numbers.every(Number.isFinite)) return { kind: 'numbers', names, values: numbers };
  throw new LabError('corrupt', `${path} has values that are not numbers. Import again.`, { path });
}

/** Numbers and several labels; others are said by the examples themselves. */
type ValuedTargets = Exclude<Targets, { kind: 'tags' | 'alignments' }>;

export function hasValues(targets: Targets): targets is ValuedTargets {
  return targets.kind === 'numbers' || targets.kind === 'several';
}

/** Those of an example, for people: the number alone where there is one target, the names of several labels. */
export function targetWords({ kind, names, values }: ValuedTargets, example: number): string {
  const own = names.map((name, target) => ({ name, value: values[example * names.length + target]! }));
  if (kind === 'several') return own.flatMap(({ name, value }) => (value === 1 ? [name] : [])).join(', ') || 'none';
  const [only] = own;
  if (only && own.length === 1) return String(only.value);
  return own.map(({ name, value }) => `${name} ${value}`).join(', ');
}
