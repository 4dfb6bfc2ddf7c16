/**
 * A chart as a picture that stands alone in a document: with its title, a legend, and how it was smoothed; larger and sharper than
 * on the page, and without what the pointer happens to be over.
 */
import { Chart, Legend, SubTitle, Title } from 'chart.js';
import type { ChartBand, ChartLine } from './chart-line.ts';
import type { LineChartView, LineDataset } from './line-chart.ts';
import { drawLines, lineChartOptions } from './line-chart.ts';

Chart.register(Legend, SubTitle, Title); // each chart of a page leaves them out, as it has its card

export interface PicturedChart extends LineChartView {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  readonly bands: readonly ChartBand[];
  readonly smoothing: number;
}

const width = 960;
const plotHeight = 500;
const legendRow = 20;
const swatch = 46; // with its gaps
const scale = 2;

export function chartPicture(chart: PicturedChart): HTMLCanvasElement {
  const { title, lines, bands, smoothing, logarithmic, colours } = chart;
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = plotHeight + legendRow * legendRows(legendLabels(lines, bands), chart.font);
  const drawn = drawLines(lines, bands, { smoothing, logarithmic, front: null, colours });
  const options = lineChartOptions(drawn, chart);
  const isSmoothed = smoothing > 0 && [...lines, ...bands].some(({ exact }) => exact !== true);
  const text = colours.of('--text-primary');
  const styles = new Map([...bands, ...lines].map(({ key, style }) => [key, style]));
  // Left alone, chart.js takes the style of a line's points, which have no dashes.
  const dashOf = (dataset: LineDataset | undefined): number[] => [...(styles.get(dataset?.lineKey ?? '')?.dash ?? [])];
  const painted = new Chart(canvas, {
    type: 'line',
    data: { datasets: drawn.datasets },
    options: {
      ...options,
      responsive: false,
      devicePixelRatio: scale,
      events: [],
      layout: { padding: { top: 12, right: 20, bottom: 12, left: 12 } },
      plugins: {
        ...options.plugins,
        title: {
          display: true,
          text: title,
          align: 'start',
          color: text,
          font: { family: chart.font, size: 18, weight: 'bold' },
          padding: { bottom: isSmoothed ? 2 : 12 },
        },
        subtitle: {
          display: isSmoothed,
          text: `smoothed by ${smoothing.toFixed(2)}`,
          align: 'start',
          color: colours.of('--text-secondary'),
          font: { family: chart.font, size: 12 },
          padding: { bottom: 10 },
        },
        legend: {
          display: true,
          position: 'bottom',
          align: 'start',
          labels: {
            color: text,
            font: { family: chart.font, size: 12 },
            usePointStyle: true,
            pointStyle: 'line',
            pointStyleWidth: 28,
            padding: 10,
            filter: ({ datasetIndex }) => isNamed(drawn.datasets, datasetIndex),
            generateLabels: (made) =>
              Chart.defaults.plugins.legend.labels.generateLabels(made).map((label) => ({
                ...label,
                lineWidth: 2,
                lineDash: dashOf(drawn.datasets[label.datasetIndex ?? -1]),
              })),
          },
        },
      },
    },
  });
  painted.draw();
  const picture = copyOf(canvas);
  painted.destroy(); // which wipes its canvas
  return picture;
}

/** Pictures beside and below each other, in the order given. */
export function joinedPictures(pictures: readonly HTMLCanvasElement[], ground: string): HTMLCanvasElement {
  const acrossWidth = pictures.length > 1 ? 2 : 1;
  const rows = Array.from({ length: Math.ceil(pictures.length / acrossWidth) }, (_, row) =>
    pictures.slice(row * acrossWidth, (row + 1) * acrossWidth),
  );
  const heights = rows.map((row) => Math.max(...row.map(({ height }) => height)));
  const sheet = document.createElement('canvas');
  sheet.width = acrossWidth * width * scale;
  sheet.height = heights.reduce((sum, height) => sum + height, 0);
  const context = sheet.getContext('2d');
  if (context === null) throw new Error('This browser draws no pictures');
  context.fillStyle = ground;
  context.fillRect(0, 0, sheet.width, sheet.height);
  let top = 0;
  for (const [index, row] of rows.entries()) {
    for (const [column, picture] of row.entries()) context.drawImage(picture, column * width * scale, top);
    top += heights[index] ?? 0;
  }
  return sheet;
}

function copyOf(canvas: HTMLCanvasElement): HTMLCanvasElement {
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  copy.getContext('2d')?.drawImage(canvas, 0, 0);
  return copy;
}

/** Each line once, however many pieces it is drawn in. */
function isNamed(
  datasets: readonly { readonly lineKey: string; readonly role: string }[],
  index: number | undefined,
): boolean {
  const dataset = index === undefined ? undefined : datasets[index];
  if (dataset?.role !== 'line') return false;
  return datasets.findIndex(({ lineKey, role }) => role === 'line' && lineKey === dataset.lineKey) === index;
}

function legendLabels(lines: readonly ChartLine[], bands: readonly ChartBand[]): readonly string[] {
  return [...bands, ...lines].map(({ label }) => label);
}

/** Rows that the labels take beside each other. */
function legendRows(labels: readonly string[], font: string): number {
  const context = document.createElement('canvas').getContext('2d');
  if (context === null) return 1;
  context.font = `12px ${font}`;
  let rows = 1;
  let used = 0;
  for (const label of labels) {
    const length = context.measureText(label).width + swatch;
    if (used > 0 && used + length > width - 32) {
      rows += 1;
      used = 0;
    }
    used += length;
  }
  return rows;
}
