/**
 * What is known of each image besides its pixels: one JSON line an image in `images.jsonl`, found through the table of line
 * starts in `image-offsets.bin` (uint64, little endian), so that one image's record costs one read.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import { AppendingFile } from '../../files/appending-file.ts';
import { PagedFile } from '../../files/paged-file.ts';

const RECORDS_FILE = 'images.jsonl';
const OFFSETS_FILE = 'image-offsets.bin';

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
  /** The side of a split that came with the material. */
  side: z.enum(['training', 'validation', 'test']).optional(),
});
export type ImageRecord = z.infer<typeof imageRecord>;

/** Appends records to both files. */
export class ImageRecordWriter {
  private readonly records: AppendingFile;
  private readonly offsets: AppendingFile;

  private constructor(records: AppendingFile, offsets: AppendingFile) {
    this.records = records;
    this.offsets = offsets;
  }

  static async create(folder: string): Promise<ImageRecordWriter> {
    await using opened = new AsyncDisposableStack();
    const records = opened.use(await AppendingFile.create(join(folder, RECORDS_FILE)));
    const offsets = opened.use(await AppendingFile.create(join(folder, OFFSETS_FILE)));
    opened.move();
    return new ImageRecordWriter(records, offsets);
  }

  async append(record: ImageRecord): Promise<void> {
    this.offsets.appendUint64(this.records.size);
    this.records.appendText(`${JSON.stringify(record)}\n`);
    if (this.records.isFull) await this.records.flush();
    if (this.offsets.isFull) await this.offsets.flush();
  }

  async finish(): Promise<void> {
    this.offsets.appendUint64(this.records.size); // the end of the last record
    await this.records.finish();
    await this.offsets.finish();
  }

  /** Closes both files as they are; for an import that failed, and harmless after `finish`. */
  async close(): Promise<void> {
    await this.records.close();
    await this.offsets.close();
  }
}

/** Reads single records; the files are opened when the first one is asked for. */
export class ImageRecordReader {
  private readonly folder: string;
  private files: { readonly records: PagedFile; readonly offsets: PagedFile } | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** @throws LabError `corrupt` if the record cannot be found or read. */
  read(index: number): ImageRecord {
    const { records, offsets } = (this.files ??= this.open());
    const start = offsets.readUint64(index * 8);
    const end = offsets.readUint64(index * 8 + 8);
    try {
      return imageRecord.parse(JSON.parse(records.read(start, Math.max(0, end - start)).toString('utf8')));
    } catch (error) {
      const path = join(this.folder, RECORDS_FILE);
      const message = `${path}: the record of image ${index} is damaged. Import the images again.`;
      throw new LabError('corrupt', message, { path, index }, error);
    }
  }

  private open(): NonNullable<ImageRecordReader['files']> {
    using opened = new DisposableStack();
    const records = opened.use(new PagedFile(join(this.folder, RECORDS_FILE)));
    const offsets = opened.use(new PagedFile(join(this.folder, OFFSETS_FILE)));
    opened.move();
    return { records, offsets };
  }

  close(): void {
    this.files?.records.close();
    this.files?.offsets.close();
    this.files = undefined;
  }
}
