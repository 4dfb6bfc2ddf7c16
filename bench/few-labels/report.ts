/** Writes what was measured as a page of Markdown. */
import { cpus } from 'node:os';
import { formatCount, formatNumber, formatSigned } from '../../src/shared/display.ts';
import type { StudyResult } from '../../src/shared/spec/study.ts';
import type { MeasuredSet } from './measure.ts';

export interface ReportFacts {
  readonly command: string;
  readonly threads: number;
}

export function describeSet({ set, rows, study }: MeasuredSet, { command, threads }: ReportFacts): string {
  const conditions = study.conditions.map(({ name }) => name);
  const seeds = new Set(study.runs.map(({ seed }) => seed)).size;
  const lines = rows.map(({ arm, title, use, pretrained }) => [
    pretrained ? `${title} (${formatCount(pretrained.steps)} steps)` : title,
    use,
    ...conditions.map((condition) => cell(study, condition, arm)),
  ]);
  const heads = ['Pretraining', 'Labels are', ...set.budgets.map((count) => `${count} labels a class`)];
  return [
    `# Few labels: ${set.title.toLowerCase()}`,
    '',
    set.about,
    '',
    `Accuracy on ${formatCount(study.testExamples ?? 0)} test ${set.examples}, mean over ${seeds} draws of labels and weights; behind it the gain over training from scratch with its 95 % interval. Settings were chosen on validation ${set.examples} alone.`,
    '',
    ...markdownTable(heads, lines),
    '',
    ...study.verdicts.map(({ condition, sentence }) => `- ${condition.replaceAll('-', ' ')}: ${sentence}`),
    '',
    `Measured with \`${command}\` on ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, ${threads} threads.`,
    '',
  ].join('\n');
}

function cell({ arms, gains }: StudyResult, condition: string, arm: string): string {
  const of = (one: { readonly condition: string; readonly arm: string }): boolean =>
    one.condition === condition && one.arm === arm;
  const value = arms.find(of);
  const gain = gains.find(of);
  if (!value) return '–';
  const interval = gain?.interval;
  const shown = interval ? ` [${formatSigned(interval.low)}, ${formatSigned(interval.high)}]` : '';
  return `${formatNumber(value.mean)}${gain ? ` (${formatSigned(gain.gain)}${shown})` : ''}`;
}

function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)];
}
