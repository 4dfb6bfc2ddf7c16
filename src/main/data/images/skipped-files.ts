/** Files that an import leaves out: all of them in `skipped.jsonl`, the first hundred and the totals in the report. */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { shortMessage, shortPath } from '../../../shared/excerpt.ts';
import type { ImageImportReport } from '../../../shared/spec/manifests/image-import-report.ts';
import type { SkipReason } from './source.ts';

const LISTED = 100;

export class SkippedFiles {
  private readonly folder: string;
  private readonly byReason = new Map<string, number>();
  private readonly listed: { path: string; reason: string; message: string }[] = [];
  private total = 0;
  private file: FileHandle | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  async add(path: string, reason: SkipReason, message: string): Promise<void> {
    const entry = { path: shortPath(path), reason, message: shortMessage(message) };
    this.total += 1;
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + 1);
    if (this.listed.length < LISTED) this.listed.push(entry);
    this.file ??= await open(join(this.folder, 'skipped.jsonl'), 'wx');
    await this.file.writeFile(`${JSON.stringify(entry)}\n`);
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = undefined;
  }

  summary(): ImageImportReport['skipped'] {
    return { total: this.total, byReason: Object.fromEntries(this.byReason), listed: this.listed };
  }
}
