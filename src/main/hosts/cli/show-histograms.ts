/** `pretext show --histograms`: how weights and gradients were distributed over a training. */
import { plural } from '../../../shared/display.ts';
import { LabError } from '../../../shared/errors.ts';
import type { Histogram } from '../../../shared/histogram.ts';
import { linearEdges, rebin, robustRange } from '../../../shared/histogram.ts';
import { nearest } from '../../../shared/spec/problems.ts';
import type { HistogramCourse } from '../../workspace/histogram-records.ts';
import { readHistograms } from '../../workspace/histogram-records.ts';
import type { RunFolder } from '../../workspace/run-folder.ts';
import type { Column } from './output.ts';
import { table } from './output.ts';

const blocks = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
/** Columns of a picture. */
const pictured = 16;

/**
 * Of one parameter, or of all. Throws `LabError('not-found')` for a run without histograms and for a name that is none of its parameters.
 */
export async function histogramsToShow(run: RunFolder, parameter: string | undefined): Promise<HistogramCourse> {
  const found = await readHistograms(run, parameter);
  if (found.parameters.length === 0) {
    throw new LabError(
      'not-found',
      `The run ${run.id} has no histograms: they are recorded at every evaluation, unless its spec says training.histograms: false or more than 20 million weights are trained`,
      { run: run.id },
    );
  }
  if (parameter !== undefined && !found.parameters.includes(parameter)) {
    const guess = nearest(parameter, found.parameters);
    throw new LabError(
      'not-found',
      `The run ${run.id} has no histograms of '${parameter}'${guess === undefined ? '' : `. Did you mean ${guess}?`} Without a name, --histograms lists all of them`,
      { run: run.id, parameter },
    );
  }
  return found;
}

/** Of one parameter a row for every step, of several a row for each at the last step. */
export function describeHistograms({ records, damaged }: HistogramCourse, parameter: string | undefined): string {
  const parts = parameter === undefined ? describeAll(records) : describeOne(records, parameter);
  return [...parts, ...(damaged === 0 ? [] : [`${plural(damaged, 'damaged line')} of the file left out`])].join('\n\n');
}

type Records = HistogramCourse['records'];

/** Steps share a range, so that they can be compared. */
function describeOne(records: Records, parameter: string): string[] {
  const columns: Column[] = ['step', 'min', 'mean', 'max', 'std'].map((title) => ({ title, align: 'right' }));
  const parts = (['weights', 'gradients'] as const).flatMap((kind) => {
    const known = records.flatMap(({ step, [kind]: values }) => (values ? [{ step, values }] : []));
    if (known.length === 0) return [];
    const range = robustRange(known.map(({ values }) => values));
    const rows = known.map(({ step, values }) => [
      String(step),
      ...[values.minimum, values.mean, values.maximum, values.std].map(short),
      picture(values, range, pictured),
      notNumbers(values),
    ]);
    return [table([...columns, { title: kind }, { title: '' }], rows)];
  });
  return [parameter, ...parts];
}

/** Each has a range of its own. */
function describeAll(records: Records): string[] {
  const step = records.at(-1)?.step ?? 0;
  const cells = (values: Histogram | undefined): string[] =>
    values
      ? [short(values.std), picture(values, robustRange([values]), pictured / 2), notNumbers(values)]
      : ['', '', ''];
  const rows = records
    .filter((record) => record.step === step)
    .map(({ parameter, weights, gradients }) => [parameter, ...cells(weights), ...cells(gradients)]);
  const std: Column = { title: 'std', align: 'right' };
  const columns = [
    { title: 'parameter' },
    std,
    { title: 'weights' },
    { title: '' },
    std,
    { title: 'gradients' },
    { title: '' },
  ];
  return [`At step ${step}; a name behind --histograms shows a parameter at every step`, table(columns, rows)];
}

function notNumbers({ nan, infinite }: Histogram): string {
  return [...(nan > 0 ? [`${nan} NaN`] : []), ...(infinite > 0 ? [`${infinite} infinite`] : [])].join(', ');
}

function short(value: number | null): string {
  if (value === null) return '–';
  return (value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : value.toPrecision(3)).replace('-', '−');
}

/** Heights are shares of the highest column. */
function picture(values: Histogram, range: ReturnType<typeof robustRange>, columns: number): string {
  if (!range) return '';
  const { counts } = rebin(values, linearEdges(range, columns));
  const highest = Math.max(...counts);
  return counts
    .map((count) => (count === 0 ? ' ' : (blocks[Math.min(7, Math.floor((count / highest) * 8))] ?? '█')))
    .join('')
    .trimEnd();
}
