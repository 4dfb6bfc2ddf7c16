/** Gathers what an import has to say: totals of everything, and the first hundred of each list. */
import type { ReadAs, SimilarLabels } from '../../../shared/spec/manifests/import-facts.ts';
import type { TextImportReport, TextSkipReason } from '../../../shared/spec/manifests/text-import-report.ts';
import { LabError } from '../../../shared/errors.ts';
import { shortMessage, shortPath } from '../../../shared/excerpt.ts';
import type { SkippedDocument } from '../reading/document.ts';

export const LISTED = 100;
const NAMED_IN_MESSAGE = 3;
const LONGEST_OF_SEVERAL = 50;

export class ReportCollector {
  files = 0;
  bytes = 0;
  divided = 0;
  notArticles = 0;
  similarLabels: SimilarLabels = [];
  labelsMerged = false;
  private readonly ignored = new Map<string, number>();
  private readonly byReason = new Map<TextSkipReason, number>();
  private readonly listed: TextImportReport['skipped']['listed'] = [];
  private skippedTotal = 0;
  private readonly duplicates: TextImportReport['duplicates'] = { total: 0, listed: [] };
  private readonly notes: TextImportReport['notes'] = { total: 0, listed: [] };
  private readonly ways = new Map<string, ReadAs>();

  skip(path: string, { line, reason, message }: SkippedDocument): void {
    this.skippedTotal += 1;
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + 1);
    if (this.listed.length < LISTED) {
      this.listed.push({ path: shortPath(path), line, reason, message: shortMessage(message) });
    }
  }

  ignore(extension: string): void {
    this.ignored.set(extension, (this.ignored.get(extension) ?? 0) + 1);
  }

  duplicate(path: string, line: number | null): void {
    this.duplicates.total += 1;
    if (this.duplicates.listed.length < LISTED) this.duplicates.listed.push({ path: shortPath(path), line });
  }

  note(path: string, line: number | null, message: string): void {
    this.notes.total += 1;
    if (this.notes.listed.length < LISTED) {
      this.notes.listed.push({ path: shortPath(path), line, message: shortMessage(message) });
    }
  }

  /** How one more file was read. */
  readAs(way: Omit<ReadAs, 'files'>): void {
    const { path: _path, ...rest } = way;
    const key = JSON.stringify(rest);
    const known = this.ways.get(key);
    this.ways.set(key, known === undefined ? { ...way, files: 1 } : { ...known, files: known.files + 1 });
  }

  /** What a source has to say by itself. */
  take(
    { readAs, notes }: Pick<TextImportReport, 'readAs' | 'notes'> = { readAs: [], notes: { total: 0, listed: [] } },
  ): void {
    for (const way of readAs) this.ways.set(JSON.stringify(way), way);
    for (const { path, line, message } of notes.listed) this.note(path, line, message);
    this.notes.total += notes.total - notes.listed.length;
  }

  report(): TextImportReport {
    return {
      files: this.files,
      bytes: this.bytes,
      ignored: Object.fromEntries(this.ignored),
      skipped: { total: this.skippedTotal, byReason: Object.fromEntries(this.byReason), listed: this.listed },
      duplicates: this.duplicates,
      divided: this.divided,
      notArticles: this.notArticles,
      readAs: [...this.ways.values()].slice(0, LISTED),
      notes: this.notes,
      similarLabels: this.similarLabels.slice(0, LISTED).map((group) => group.map((one) => ({ ...one }))),
      labelsMerged: this.labelsMerged,
    };
  }

  /** What to throw when nothing could be used. */
  nothingUsable(what: string, sources: readonly string[]): LabError {
    const reasons = this.listed.slice(0, NAMED_IN_MESSAGE).map(({ path, line, message }) => {
      // One that had to be shortened is somebody's data rather than a file.
      const place = path.startsWith('…') ? shortPath(path, LONGEST_OF_SEVERAL) : path;
      return `  ${place}${line === null ? '' : `, line ${line}`}: ${message}`;
    });
    const rest = this.skippedTotal - reasons.length;
    if (rest > 0) reasons.push(`  and ${rest} more`);
    const ignored = [...this.ignored].map(([extension, count]) => `${count} .${extension}`).join(', ');
    if (ignored !== '') reasons.push(`  passed over by their names: ${ignored} (name the format to read them)`);
    const reason =
      reasons.length > 0
        ? `\n${reasons.join('\n')}`
        : this.files > 0
          ? this.bytes === 0
            ? ' The files are empty.'
            : ' They have no rows.'
          : ' There are no files.';
    return new LabError('bad-input', `There is no ${what} in ${sources.join(', ')}.${reason}`, {
      report: this.report(),
    });
  }
}
