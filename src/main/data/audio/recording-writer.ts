/** Writes recordings as they come: frames, labels, groups and sides of a split; the classes are sorted at the end. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { AudioDatasetManifest, FrameOptions } from '../../../shared/spec/manifests/audio-dataset.ts';
import { AppendingFile } from '../../files/appending-file.ts';
import { classNotes } from '../import/class-notes.ts';
import { mergedNames, similarLabels } from '../import/labels.ts';
import type { ReportCollector } from '../import/report-collector.ts';
import type { TargetCollector } from '../import/targets.ts';
import { countSides, requireClassNames, sideNumber, SIDES_FILE, type Side } from '../import/sides.ts';
import { orderClasses } from '../import/class-order.ts';
import { FRAMES_FILE, GROUPS_FILE, LABELS_FILE, OFFSETS_FILE, RECORDINGS_FILE } from './audio-dataset.ts';

export interface LabelledRecording {
  readonly path: string;
  readonly label: string;
  /** Recordings with the same one stay on one side of a split: speaker, session. */
  readonly group?: string | undefined;
  readonly side?: Side | undefined;
}

type StoredFields = Pick<
  AudioDatasetManifest,
  'contentHash' | 'targets' | 'recordings' | 'seconds' | 'frames' | 'longest' | 'classes' | 'officialSplit' | 'groups'
>;

export class RecordingWriter {
  private readonly folder: string;
  private readonly files: Readonly<Record<'frames' | 'offsets' | 'recordings', AppendingFile>>;
  private readonly labels: string[] = [];
  private readonly groups: number[] = [];
  private readonly sides: number[] = [];
  private readonly firstOfGroup = new Map<string, number>();
  private readonly content = createHash('sha256');
  /** Where labels are no classes. */
  private readonly targets: TargetCollector | undefined;
  private frames = 0;
  private longest = 0;
  private seconds = 0;

  private constructor(folder: string, files: RecordingWriter['files'], targets: TargetCollector | undefined) {
    this.folder = folder;
    this.targets = targets;
    this.files = files;
  }

  /** @param targets what takes labels that are not one class each */
  static async create(folder: string, targets: TargetCollector | undefined): Promise<RecordingWriter> {
    await using opened = new AsyncDisposableStack();
    const file = async (name: string): Promise<AppendingFile> =>
      opened.use(await AppendingFile.create(join(folder, name)));
    const files = {
      frames: await file(FRAMES_FILE),
      offsets: await file(OFFSETS_FILE),
      recordings: await file(RECORDINGS_FILE),
    };
    opened.move();
    return new RecordingWriter(folder, files, targets);
  }

  get size(): number {
    return this.labels.length;
  }

  async append(
    { path, label, group, side }: LabelledRecording,
    values: Float32Array<ArrayBuffer>,
    seconds: number,
    bands: number,
  ): Promise<void> {
    const { frames, offsets, recordings } = this.files;
    const count = values.length / bands;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const index = this.labels.length;
    frames.append(bytes);
    offsets.appendUint32(this.frames);
    const rest = { ...(group !== undefined && { group }), ...(side !== undefined && { side }) };
    recordings.appendText(`${JSON.stringify({ path, label, seconds, frames: count, ...rest })}\n`);
    this.content.update(bytes).update(label).update('\0');
    if (group !== undefined) this.content.update('\x01').update(group);
    if (side !== undefined) this.content.update('\x02').update(side);
    this.targets?.add(label);
    this.labels.push(this.targets?.title ?? label);
    this.sides.push(sideNumber(side));
    const first = group === undefined ? index : (this.firstOfGroup.get(group) ?? index);
    if (group !== undefined) this.firstOfGroup.set(group, first);
    this.groups.push(first);
    this.frames += count;
    this.seconds += seconds;
    this.longest = Math.max(this.longest, count);
    for (const file of Object.values(this.files)) if (file.isFull) await file.flush();
  }

  async finish(options: FrameOptions, report: ReportCollector, mergeLabels: boolean): Promise<StoredFields> {
    const { frames, offsets, recordings } = this.files;
    offsets.appendUint32(this.frames);
    const { names, counts, classOf } = this.classes(report, mergeLabels);
    await using labels = await AppendingFile.create(join(this.folder, LABELS_FILE));
    for (const label of this.labels) labels.appendUint32(classOf.get(label) ?? 0); // every label has its place
    for (const file of [frames, offsets, recordings, labels]) await file.finish();
    const officialSplit = await this.writeSides(report);
    if (this.firstOfGroup.size > 0) await this.writeGroups();
    const targets = await this.targets?.finish(this.folder);
    if (this.targets) this.content.update(this.targets.contentKey());
    return {
      ...(targets && { targets }),
      contentHash: this.content.update(JSON.stringify(options)).digest('hex'),
      recordings: this.labels.length,
      seconds: this.seconds,
      frames: this.frames,
      longest: this.longest,
      classes: names.map((name, index) => ({ name, recordings: counts[index]! })),
      ...(officialSplit !== undefined && { officialSplit }),
      ...(this.firstOfGroup.size > 0 && { groups: this.firstOfGroup.size }),
    };
  }

  private classes(report: ReportCollector, mergeLabels: boolean) {
    const perLabel = new Map<string, number>();
    for (const label of this.labels) perLabel.set(label, (perLabel.get(label) ?? 0) + 1);
    const similar = similarLabels(perLabel);
    report.similarLabels = similar;
    if (!this.targets) for (const note of classNotes(perLabel)) report.note('classes', null, note);
    report.labelsMerged = mergeLabels && similar.length > 0;
    const merged = mergeLabels ? mergedNames(similar) : new Map<string, string>();
    if (report.labelsMerged) this.content.update(JSON.stringify([...merged]));
    const nameOf = (label: string): string => merged.get(label) ?? label;
    const names = orderClasses([...perLabel.keys()].map(nameOf));
    if (!this.targets) requireClassNames(names);
    const place = new Map(names.map((name, index) => [name, index]));
    const classOf = new Map([...perLabel.keys()].map((label) => [label, place.get(nameOf(label)) ?? 0]));
    const counts = new Uint32Array(names.length);
    for (const [label, count] of perLabel) counts[classOf.get(label) ?? 0]! += count;
    return { names, counts, classOf };
  }

  private async writeSides(report: ReportCollector): Promise<StoredFields['officialSplit']> {
    const sides = Uint8Array.from(this.sides);
    if (!sides.some((side) => side > 0)) return undefined;
    await using file = await AppendingFile.create(join(this.folder, SIDES_FILE));
    file.append(sides);
    await file.finish();
    const shared = new Set(this.groups.filter((first, index) => sides[first] !== sides[index])).size;
    if (shared > 0) {
      const groups = shared === 1 ? 'one group lies' : `${shared} groups lie`;
      report.note(this.folder, null, `${groups} on several sides of the split that came with the material`);
    }
    return countSides(sides);
  }

  private async writeGroups(): Promise<void> {
    await using file = await AppendingFile.create(join(this.folder, GROUPS_FILE));
    for (const first of this.groups) file.appendUint32(first);
    await file.finish();
  }

  async close(): Promise<void> {
    await Promise.allSettled(Object.values(this.files).map((file) => file.close()));
  }
}
