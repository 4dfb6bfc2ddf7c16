/** The reports of several benches of single steps as one Markdown table. */
import { formatNumber } from '../../src/shared/display.ts';
import type { BenchReport, Measurement } from './bench.ts';

interface Row {
  readonly against?: unknown;
  readonly ratio?: unknown;
  readonly fastestRatio?: unknown;
  readonly torchVersion?: unknown;
  readonly torch?: Measurement;
}

/** A row for each bench and each side that it was compared with; ratios above 1 say that ours is faster, or takes less memory. */
export function stepsTable(reports: readonly BenchReport[]): string {
  const head = ['bench', 'ours, ms', 'against', 'theirs, ms', 'ratio', 'of the fastest', 'memory'];
  const rows = reports.flatMap((report) => {
    const ours = report.ours as Measurement; // benches of single steps have it
    const others = (report.others ?? []) as readonly Row[]; // the same shape as the report itself
    return [report as Row, ...others].map((row) => rowOf(report, ours, row));
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map((_, index) => (index === 0 || index === 2 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n');
}

function rowOf({ name, loadedTurns }: BenchReport, ours: Measurement, row: Row): readonly string[] {
  const theirs = row.torch;
  const memory =
    theirs?.residentMegabytes === undefined || ours.residentMegabytes === undefined
      ? '–'
      : formatNumber(theirs.residentMegabytes / ours.residentMegabytes, 2);
  return [
    `${name}${loadedTurns === undefined ? '' : ` (${String(loadedTurns)} turns beside other work)`}`,
    timesOf(ours),
    `${String(row.against)} ${String(row.torchVersion)}`,
    theirs ? timesOf(theirs) : '–',
    ratioOf(row.ratio),
    ratioOf(row.fastestRatio),
    memory,
  ];
}

const ratioOf = (value: unknown): string => (typeof value === 'number' ? formatNumber(value, 2) : '–');

/** The median, with the middle half of the steps. */
function timesOf({ milliseconds, middleHalf }: Measurement): string {
  const half = middleHalf ? ` (${middleHalf.map((end) => formatNumber(end, 0)).join('–')})` : '';
  return `${formatNumber(milliseconds, 0)}${half}`;
}
