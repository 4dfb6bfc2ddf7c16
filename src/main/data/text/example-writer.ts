/**
 * Writes labelled texts as they come; what is known only at the end (the sorted classes, which of them are merged, which
 * examples belong together) is kept as numbers.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { LabError } from '../../../shared/errors.ts';
import { quoted } from '../../../shared/excerpt.ts';
import type { TextDatasetManifest } from '../../../shared/spec/manifests/text-dataset.ts';
import { AppendingFile } from '../../files/appending-file.ts';
import { classNotes } from '../import/class-notes.ts';
import { ContentIndex } from '../import/content-index.ts';
import { DisjointSets } from '../import/disjoint-sets.ts';
import { GrowingUint32Array } from '../import/growing-array.ts';
import { mergedNames, similarLabels } from '../import/labels.ts';
import { LISTED, type ReportCollector } from '../import/report-collector.ts';
import type { TargetCollector } from '../import/targets.ts';
import { countSides, requireClassNames, sideNumber, SIDES_FILE, type Side } from '../import/sides.ts';
import { contentKey } from '../reading/document.ts';
import { orderClasses } from '../import/class-order.ts';
import { EXAMPLES_FILE, GROUPS_FILE, LABELS_FILE, OFFSETS_FILE, type StoredExample } from './dataset-files.ts';

export interface Example {
  readonly text: string;
  readonly pair: string | null;
  readonly label: string;
  readonly line: number | null;
  /** Examples that share one of them stay on one side of a split. */
  readonly groups?: readonly string[] | undefined;
  /** Likewise, where they are no groups that the source named: the sequences that an alignment is of. */
  readonly sequences?: readonly string[] | undefined;
  /** Of a split that comes with the material. */
  readonly side?: Side | undefined;
}

export interface WriterOptions {
  /** Merges classes whose names look alike. */
  readonly mergeLabels: boolean;
  /** For messages. */
  readonly labelColumn: string;
}

type StoredFields = Pick<
  TextDatasetManifest,
  'examples' | 'classes' | 'targets' | 'contentHash' | 'textBytes' | 'conflicts' | 'officialSplit' | 'groups'
>;

/** More are not classes but texts or numbers. */
const MAXIMUM_CLASSES = 10_000;

export class ExampleWriter {
  private readonly report: ReportCollector;
  private readonly examples: AppendingFile;
  private readonly offsets: AppendingFile;
  private readonly folder: string;
  private readonly labels = new GrowingUint32Array();
  private readonly duplicateOf = new GrowingUint32Array();
  private readonly sides = new GrowingUint32Array();
  private readonly seen = new ContentIndex();
  private readonly classNumbers = new Map<string, number>();
  private readonly firstOfGroup = new Map<string, number>();
  private readonly firstOfSequence = new Map<string, number>();
  private readonly groupPairs = new GrowingUint32Array();
  private readonly content = createHash('sha256');
  private readonly conflicts: TextDatasetManifest['conflicts'] = { total: 0, listed: [] };
  private textBytes = 0;
  private hasSides = false;
  private readonly places: Places;
  /** Where labels are no classes. */
  private readonly targets: TargetCollector | undefined;

  private constructor(
    folder: string,
    report: ReportCollector,
    targets: TargetCollector | undefined,
    examples: AppendingFile,
    offsets: AppendingFile,
  ) {
    this.targets = targets;
    this.folder = folder;
    this.report = report;
    this.examples = examples;
    this.offsets = offsets;
    this.places = new Places();
  }

  /** @param targets what takes labels that are not one class each */
  static async create(
    folder: string,
    report: ReportCollector,
    targets: TargetCollector | undefined,
  ): Promise<ExampleWriter> {
    await using opened = new AsyncDisposableStack();
    const examples = opened.use(await AppendingFile.create(join(folder, EXAMPLES_FILE)));
    const offsets = opened.use(await AppendingFile.create(join(folder, OFFSETS_FILE)));
    opened.move();
    return new ExampleWriter(folder, report, targets, examples, offsets);
  }

  get size(): number {
    return this.labels.length;
  }

  async append(path: string, example: Example): Promise<void> {
    const index = this.size;
    const { text, pair, label, line, groups = [], sequences = [], side } = example;
    const key = contentKey(pair === null ? text : `${text}\0${pair}`);
    const label32 = this.classNumber(this.targets?.title ?? label);
    const first = this.seen.findOrAdd(key, index);
    if (first !== undefined) this.addDuplicate(path, example, first, label32);
    this.targets?.add(label);
    this.labels.push(label32);
    this.duplicateOf.push(first ?? index);
    this.places.add(path, line);
    this.content.update(key).update(label).update('\0');
    for (const group of groups) {
      this.content.update('\x01').update(group);
      this.joinFirst(this.firstOfGroup, group, index);
    }
    for (const sequence of sequences) this.joinFirst(this.firstOfSequence, sequence, index);
    if (side !== undefined) {
      this.hasSides = true;
      this.content.update(side);
    }
    this.sides.push(sideNumber(side));
    this.textBytes += Buffer.byteLength(text) + (pair === null ? 0 : Buffer.byteLength(pair));
    this.offsets.appendUint64(this.examples.size);
    const stored: StoredExample = { text, ...(pair === null ? {} : { pair }), label, path, line };
    this.examples.appendText(`${JSON.stringify(stored)}\n`);
    if (this.examples.isFull) await this.examples.flush();
    if (this.offsets.isFull) await this.offsets.flush();
  }

  private classNumber(label: string): number {
    const known = this.classNumbers.get(label);
    if (known !== undefined) return known;
    const number = this.classNumbers.size;
    if (number === MAXIMUM_CLASSES) {
      const message = `There are more than ${MAXIMUM_CLASSES} different labels, the last ${quoted(label)}. Is this the column with the classes?`;
      throw new LabError('bad-input', message, { classes: number });
    }
    this.classNumbers.set(label, number);
    return number;
  }

  private joinFirst(firstOf: Map<string, number>, name: string, index: number): void {
    const first = firstOf.get(name);
    if (first === undefined) {
      firstOf.set(name, index);
      return;
    }
    this.groupPairs.push(first);
    this.groupPairs.push(index);
  }

  private addDuplicate(path: string, example: Example, first: number, label: number): void {
    this.report.duplicate(path, example.line);
    const firstLabel = this.labels.view()[first]!;
    if (firstLabel === label) return;
    this.conflicts.total += 1;
    if (this.conflicts.listed.length >= LISTED) return;
    const other = this.places.at(first);
    this.conflicts.listed.push({
      path,
      line: example.line,
      label: example.label,
      otherPath: other.path,
      otherLine: other.line,
      otherLabel: [...this.classNumbers.keys()][firstLabel]!,
    });
  }

  /** Examples with the same text, and those of a group the source named, by the first of them. */
  private formGroups(): Uint32Array {
    const duplicateOf = this.duplicateOf.view();
    if (this.groupPairs.length === 0) return duplicateOf;
    const sets = new DisjointSets(this.size);
    duplicateOf.forEach((first, index) => {
      sets.join(first, index);
    });
    const pairs = this.groupPairs.view();
    for (let index = 0; index < pairs.length; index += 2) sets.join(pairs[index]!, pairs[index + 1]!);
    return sets.names();
  }

  /** For each label, as it came, the name of its class; those that look alike are told in the report. */
  private classNames({ mergeLabels }: WriterOptions): readonly string[] {
    const counts = new Map<string, number>();
    const names = [...this.classNumbers.keys()];
    for (const number of this.labels.view()) counts.set(names[number]!, (counts.get(names[number]!) ?? 0) + 1);
    const similar = similarLabels(counts);
    this.report.similarLabels = similar;
    for (const note of classNotes(counts)) this.report.note(this.places.at(0).path, null, note);
    if (!mergeLabels || similar.length === 0) return names;
    this.report.labelsMerged = true;
    const merged = mergedNames(similar);
    this.content.update(JSON.stringify([...merged]));
    return names.map((name) => merged.get(name) ?? name);
  }

  /** @throws LabError `bad-input` for a single class, or classes that are sides of a split */
  async finish(options: WriterOptions): Promise<StoredFields> {
    const classOf = this.targets ? [this.targets.title] : this.classNames(options);
    const names = orderClasses(classOf);
    if (names.length < 2 && !this.targets) {
      const message = `All ${this.size} examples have the label ${quoted(names[0] ?? '')} (column ${quoted(options.labelColumn)}). A classifier needs at least two classes.`;
      throw new LabError('bad-input', message, { classes: names });
    }
    requireClassNames(names);
    const sorted = new Map(names.map((name, index) => [name, index]));
    const place = classOf.map((name) => sorted.get(name)!);
    const counts = new Uint32Array(names.length);
    await using labels = await AppendingFile.create(join(this.folder, LABELS_FILE));
    await using groups = await AppendingFile.create(join(this.folder, GROUPS_FILE));
    for (const number of this.labels.view()) {
      labels.appendUint32(place[number]!);
      counts[place[number]!]! += 1;
    }
    const formed = this.formGroups();
    for (const group of formed) groups.appendUint32(group);
    this.offsets.appendUint64(this.examples.size);
    for (const file of [labels, groups, this.offsets, this.examples]) await file.finish();
    const targets = await this.targets?.finish(this.folder);
    if (this.targets) this.content.update(this.targets.contentKey());
    return {
      examples: this.size,
      classes: names.map((name, index) => ({ name, examples: counts[index]! })),
      ...(targets && { targets }),
      contentHash: this.content.digest('hex'),
      textBytes: this.textBytes,
      conflicts: this.conflicts,
      ...(this.hasSides && { officialSplit: await this.writeSides(formed) }),
      ...(this.firstOfGroup.size > 0 && { groups: this.firstOfGroup.size }),
    };
  }

  /** The sides, with a note on what two of them share. */
  private async writeSides(groups: Uint32Array): Promise<NonNullable<TextDatasetManifest['officialSplit']>> {
    const sides = Uint8Array.from(this.sides.view());
    await using file = await AppendingFile.create(join(this.folder, SIDES_FILE));
    file.append(sides);
    await file.finish();
    noteSharedGroups(sides, groups, this.report, (index) => this.places.at(index));
    return countSides(sides);
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.examples.close(), this.offsets.close()]);
  }
}

/** Tells of examples on one side of an official split whose text or group is on another side as well. */
function noteSharedGroups(
  sides: Uint8Array,
  groups: Uint32Array,
  report: ReportCollector,
  placeOf: (index: number) => { readonly path: string; readonly line: number | null },
): void {
  groups.forEach((group, index) => {
    if (sides[group] === sides[index]) return;
    const other = placeOf(group);
    const { path, line } = placeOf(index);
    const where = `${other.path}${other.line === null ? '' : `:${other.line}`}`;
    report.note(
      path,
      line,
      `shares its text or group with ${where}, on another side of the split that came with the material`,
    );
  });
}

/** File and line of every example, in 8 bytes each. */
class Places {
  private readonly paths: string[] = [];
  private readonly files = new GrowingUint32Array();
  private readonly lines = new GrowingUint32Array();

  add(path: string, line: number | null): void {
    if (this.paths.at(-1) !== path) this.paths.push(path);
    this.files.push(this.paths.length - 1);
    this.lines.push(line ?? 0);
  }

  at(index: number): { path: string; line: number | null } {
    const line = this.lines.view()[index]!;
    return { path: this.paths[this.files.view()[index]!]!, line: line === 0 ? null : line };
  }
}
