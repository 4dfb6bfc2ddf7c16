/** A comparison as one HTML page that stands alone: tables and lines drawn as SVG, no script, nothing loaded from elsewhere. */
import { isBest } from '../../../shared/best-result.ts';
import type { ComparedRuns } from '../../../shared/contract/compare.ts';
import type { Series } from '../../../shared/contract/series.ts';
import { formatNumber } from '../../../shared/display.ts';
import { escapeMarkup } from '../../../shared/escape-markup.ts';
import { seriesColour, seriesRules } from '../../../shared/chart-colours.ts';
import { linearScale, rangeOf } from '../../../shared/linear-scale.ts';
import { otherSeries, runSeries } from '../../../shared/study/run-colours.ts';
import { valueTicks } from '../../../shared/value-ticks.ts';
import { labVersion } from '../../files/version.ts';

export interface ReportContent {
  readonly title: string;
  readonly notes: string;
  readonly table: ComparedRuns;
  readonly series: readonly Series[];
}

/** Lines of one colour have one each of these. */
const dashes = ['', '8 4', '2 3', '10 3 2 3'];

/** The page as text. */
export function comparisonReport({ title, notes, table, series }: ReportContent): string {
  // What was measured once has no course: it is among the results.
  const courses = series.filter(({ values }) => values.filter((value) => value !== null).length > 1);
  const metrics = [...new Set(courses.map(({ metric }) => metric))].filter(
    (metric) => !/learningRate|examplesPerSecond|gradientNorm|lossScale/.test(metric),
  );
  const styles = runSeries(table.runs);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeMarkup(title)}</title>
<style>
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
${seriesRules()}
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border-bottom: 1px solid #8886; padding: .25rem .75rem; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
td.best { font-weight: 700; }
th { font-weight: 600; }
th.number { text-align: right; }
tbody th { font-weight: 400; white-space: nowrap; }
.courses { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); gap: 1.5rem; }
figure { margin: 0; }
figcaption { font-weight: 600; }
figure svg { width: 100%; height: auto; }
.key { margin-right: .4rem; vertical-align: middle; }
.wide { overflow-x: auto; }
</style>
</head>
<body>
<h1>${escapeMarkup(title)}</h1>
${notes === '' ? '' : `<p>${escapeMarkup(notes).replaceAll('\n', '<br>')}</p>`}
<h2>Runs</h2>
<div class="wide" tabindex="0" role="region" aria-label="Runs"><table>
<thead><tr><th class="number">No.</th><th>Run</th><th>State</th><th>Task</th><th>Data</th><th class="number">Seed</th><th>Notes</th></tr></thead>
<tbody>${table.runs.map((run, index) => `<tr><td class="number">${index + 1}</td><th scope="row">${key(styles, run.id)}${escapeMarkup(run.id)}</th><td>${run.state}</td><td>${escapeMarkup(run.task)}</td><td>${escapeMarkup(run.data)}</td><td class="number">${run.seed}</td><td>${escapeMarkup(run.notes).replaceAll('\n', '<br>')}</td></tr>`).join('\n')}</tbody>
</table></div>
<h2>Results</h2>
${resultsTable(table, styles)}
<h2>What differs</h2>
${differencesTable(table, styles)}
<h2>Courses</h2>
<div class="courses">
${metrics
  .map((metric) =>
    chart(
      metric,
      courses.filter((line) => line.metric === metric),
      table,
      styles,
    ),
  )
  .join('\n')}
</div>
<p><small>Made with Pretext Lab ${escapeMarkup(labVersion())} on ${new Date().toISOString().slice(0, 10)}.</small></p>
</body>
</html>
`;
}

type Styles = ReturnType<typeof runSeries>;

function resultsTable({ runs, results }: ComparedRuns, styles: Styles): string {
  if (results.length === 0) return '<p>No run is finished.</p>';
  const head = results.map(({ metric }) => `<th class="number">${escapeMarkup(metric)}</th>`);
  const rows = runs.map((run, index) => {
    const cells = results.map((result) => {
      const value = result.values[index] ?? null;
      const marked = isBest(result, index);
      return `<td class="number${marked ? ' best' : ''}">${value === null ? '–' : formatNumber(value)}${marked ? ' ★' : ''}</td>`;
    });
    return `<tr><td class="number">${index + 1}</td><th scope="row">${key(styles, run.id)}${escapeMarkup(run.id)}</th>${cells.join('')}</tr>`;
  });
  return `<div class="wide" tabindex="0" role="region" aria-label="Results"><table><thead><tr><th class="number">No.</th><th>Run</th>${head.join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div><p>★ marks the best of each.</p>`;
}

function differencesTable({ runs, differences, same }: ComparedRuns, styles: Styles): string {
  if (differences.length === 0) return `<p>Nothing: all ${same} fields are the same.</p>`;
  // By their numbers: there may be many, and their names are long.
  const head = `<tr><th>Field</th>${runs.map((run, index) => `<th title="${escapeMarkup(run.id)}">${key(styles, run.id)}${index + 1}</th>`).join('')}</tr>`;
  const rows = differences.map(
    ({ title, values }) =>
      `<tr><th scope="row">${escapeMarkup(title)}</th>${values.map((value) => `<td>${value === null ? '–' : escapeMarkup(String(value))}</td>`).join('')}</tr>`,
  );
  return `<div class="wide" tabindex="0" role="region" aria-label="What differs"><table><thead>${head}</thead><tbody>${rows.join('\n')}</tbody></table></div><p>${same} fields are the same in all runs.</p>`;
}

const width = 640;
const height = 360;
const margin = { left: 56, right: 12, top: 12, bottom: 32 };

function chart(metric: string, lines: readonly Series[], { runs }: ComparedRuns, styles: Styles): string {
  const points = lines.flatMap(({ steps, values }) =>
    values.flatMap((value, index) => (value === null ? [] : [{ x: steps[index]!, y: value }])),
  );
  if (points.length === 0) return '';
  const steps = rangeOf(points.map(({ x }) => x));
  const values = rangeOf(points.map(({ y }) => y));
  const xOf = linearScale(steps, margin.left, width - margin.right);
  const yOf = linearScale(values, height - margin.bottom, margin.top);
  const atX = (x: number): string => xOf(x).toFixed(1);
  const atY = (y: number): string => yOf(y).toFixed(1);
  const paths = lines.map(({ run, restarts, ...line }) => {
    const path = line.values.map((value, index) => {
      if (value === null) return '';
      const isStart = index === 0 || line.values[index - 1] === null || restarts.includes(index);
      return `${isStart ? 'M' : 'L'}${atX(line.steps[index]!)} ${atY(value)}`;
    });
    const place = runs.findIndex(({ id }) => id === run);
    return `<path d="${path.join('')}" fill="none" ${strokeOf(styles, run)}><title>${place + 1}: ${escapeMarkup(run)}</title></path>`;
  });
  const heights = valueTicks(values.low, values.high, 6);
  const labels = [
    ...heights.map(
      (value) =>
        `<path d="M${margin.left} ${atY(value)}H${width - margin.right}" stroke="currentColor" stroke-opacity="0.15"/>` +
        `<text x="${margin.left - 6}" y="${Number(atY(value)) + 4}" text-anchor="end">${value}</text>`,
    ),
    ...valueTicks(steps.low, steps.high, 8)
      .filter(Number.isInteger)
      .map((step) => `<text x="${atX(step)}" y="${height - 10}" text-anchor="middle">${step}</text>`),
  ];
  return `<figure><figcaption>${escapeMarkup(metric)} by step</figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeMarkup(metric)}" font-size="11" fill="currentColor"><path d="M${margin.left} ${margin.top}V${height - margin.bottom}H${width - margin.right}" fill="none" stroke="currentColor"/>${labels.join('')}${paths.join('')}</svg></figure>`;
}

function key(styles: Styles, run: string): string {
  return `<svg class="key" width="22" height="8" aria-hidden="true"><path d="M0 4H22" ${strokeOf(styles, run)}/></svg>`;
}

function strokeOf(styles: Styles, run: string): string {
  const { series, round } = styles.get(run) ?? otherSeries(0);
  const dash = dashes[round % dashes.length] ?? '';
  return `stroke="${seriesColour(series)}" stroke-width="2"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}`;
}
