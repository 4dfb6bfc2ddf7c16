/**
 * What is known of each image besides its pixels: one JSON line an image in `images.jsonl`, found through the table of line
 * starts in `image-offsets.bin` (uint64, little endian), so that one image's record costs one read.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';

const RECORDS_FILE = 'images.jsonl';
const OFFSETS_FILE = 'image-offsets.bin';
const BATCH = 512;

export const imageRecord = z.strictObject({
  /** Relative to the source, with forward slashes. */
  path: z.string(),
  /** Of the file's bytes; of the pixels where the source gave pixels. */
  sha256: z.string(),
  /** The original's size in pixels, as it is looked at. */
  height: z.int(),
  width: z.int(),
  format: z.string(),
  label: z.string().optional(),
  /** The group the source named. */
  group: z.string().optional(),
});
export type ImageRecord = z.infer<typeof imageRecord>;

/** Appends records to both files. */
export class ImageRecordWriter {
  private readonly records: FileHandle;
  private readonly offsets: FileHandle;
  private lines: string[] = [];
  private starts: number[] = [];
  private position = 0;

  private constructor(records: FileHandle, offsets: FileHandle) {
    this.records = records;
    this.offsets = offsets;
  }

  static async create(folder: string): Promise<ImageRecordWriter> {
    const records = await open(join(folder, RECORDS_FILE), 'wx');
    return new ImageRecordWriter(records, await open(join(folder, OFFSETS_FILE), 'wx'));
  }

  async append(record: ImageRecord): Promise<void> {
    const line = `${JSON.stringify(record)}\n`;
    this.lines.push(line);
    this.starts.push(this.position);
    this.position += Buffer.byteLength(line);
    if (this.lines.length === BATCH) await this.flush();
  }

  async finish(): Promise<void> {
    await this.flush();
    this.starts.push(this.position); // the end of the last record
    await this.flush();
    await this.records.sync();
    await this.offsets.sync();
    await this.close();
  }

  async close(): Promise<void> {
    await this.records.close();
    await this.offsets.close();
  }

  private async flush(): Promise<void> {
    const starts = Buffer.alloc(this.starts.length * 8);
    this.starts.forEach((start, index) => starts.writeBigUInt64LE(BigInt(start), index * 8));
    await this.records.writeFile(this.lines.join(''));
    await this.offsets.writeFile(starts);
    this.lines = [];
    this.starts = [];
  }
}

/** Reads single records. */
export class ImageRecordReader {
  private readonly folder: string;
  private records: number | undefined;
  private offsets: number | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** @throws LabError `corrupt` if the record cannot be found or read. */
  read(index: number): ImageRecord {
    try {
      this.offsets ??= openSync(join(this.folder, OFFSETS_FILE), 'r');
      this.records ??= openSync(join(this.folder, RECORDS_FILE), 'r');
      const bounds = Buffer.alloc(16);
      readSync(this.offsets, bounds, 0, 16, index * 8);
      const start = Number(bounds.readBigUInt64LE(0));
      const line = Buffer.alloc(Number(bounds.readBigUInt64LE(8)) - start);
      readSync(this.records, line, 0, line.length, start);
      return imageRecord.parse(JSON.parse(line.toString('utf8')));
    } catch (error) {
      const path = join(this.folder, RECORDS_FILE);
      throw new LabError('corrupt', `${path}: the record of image ${index} is damaged. Import the images again.`, { path, index }, error);
    }
  }

  close(): void {
    if (this.offsets !== undefined) closeSync(this.offsets);
    if (this.records !== undefined) closeSync(this.records);
    this.offsets = undefined;
    this.records = undefined;
  }
}
