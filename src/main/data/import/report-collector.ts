/** Gathers what an import has to say: totals of everything, and the first hundred of each list. */
import type { TextImportReport, TextSkipReason } from '../../../shared/spec/manifests/text-import-report.ts';
import { LabError } from '../../../shared/errors.ts';
import type { SkippedDocument } from '../reading/document.ts';

export const LISTED = 100;
const NAMED_IN_MESSAGE = 3;

export class ReportCollector {
  files = 0;
  bytes = 0;
  divided = 0;
  notArticles = 0;
  private readonly ignored = new Map<string, number>();
  private readonly byReason = new Map<TextSkipReason, number>();
  private readonly listed: TextImportReport['skipped']['listed'] = [];
  private skippedTotal = 0;
  private readonly duplicates: TextImportReport['duplicates'] = { total: 0, listed: [] };

  skip(path: string, { line, reason, message }: SkippedDocument): void {
    this.skippedTotal += 1;
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + 1);
    if (this.listed.length < LISTED) this.listed.push({ path, line, reason, message });
  }

  ignore(extension: string): void {
    this.ignored.set(extension, (this.ignored.get(extension) ?? 0) + 1);
  }

  duplicate(path: string, line: number | null): void {
    this.duplicates.total += 1;
    if (this.duplicates.listed.length < LISTED) this.duplicates.listed.push({ path, line });
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
    };
  }

  /** What to throw when nothing could be used. */
  nothingUsable(what: string, sources: readonly string[]): LabError {
    const reasons = this.listed.slice(0, NAMED_IN_MESSAGE).map(({ path, line, message }) => {
      return `  ${path}${line === null ? '' : `, line ${line}`}: ${message}`;
    });
    const rest = this.skippedTotal - reasons.length;
    if (rest > 0) reasons.push(`  and ${rest} more`);
    const ignored = [...this.ignored].map(([extension, count]) => `${count} .${extension}`).join(', ');
    if (ignored !== '') reasons.push(`  passed over by their names: ${ignored} (name the format to read them)`);
    const reason = reasons.length === 0 ? ' No file there is named as text.' : `\n${reasons.join('\n')}`;
    return new LabError('bad-input', `There is no ${what} in ${sources.join(', ')}.${reason}`, {
      report: this.report(),
    });
  }
}
