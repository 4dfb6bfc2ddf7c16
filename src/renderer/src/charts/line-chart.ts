/** What chart.js is told to draw: the lines with the measured ones behind, bands, marks; all colours from the design tokens. */
import type { ChartDataset, ChartOptions, Plugin, TooltipItem } from 'chart.js';
import {
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
} from 'chart.js';
import type { AnnotationOptions } from 'chartjs-plugin-annotation';
import annotationPlugin from 'chartjs-plugin-annotation';
import zoomPlugin from 'chartjs-plugin-zoom';
import { formatPercent } from '../../../shared/display.ts';
import type { ChartBand, ChartLine, ChartMark, Point, XAxis } from './chart-line.ts';
import { piecesOf, xAxisTitles } from './chart-line.ts';
import { valueTicks } from '../../../shared/value-ticks.ts';
import { endLabels, roomForLabels } from './end-labels.ts';
import { formatPercentTick, formatPosition, formatTick, formatValue, stepTicks, timeTicks } from './time-axis.ts';
import type { TokenColours } from './use-token-colours.ts';
import type { Range } from './value-range.ts';
import { positionRange, valueRange } from './value-range.ts';

export type LineDataset = ChartDataset<'line', Point[]> & {
  /** Of its line or band, to bring it forward. */
  readonly lineKey: string;
  readonly role: 'line' | 'raw' | 'edge';
  /** Stands at its end. */
  readonly endLabel?: string | undefined;
};

export interface DrawnLines {
  readonly datasets: LineDataset[];
  /** What the vertical axis is fitted to. */
  readonly pieces: readonly (readonly Point[])[];
  /** The same before smoothing, which spreads every spike over its neighbours: what is an outlier is seen in these. */
  readonly measured: readonly (readonly Point[])[];
}

export interface DrawnAs {
  readonly smoothing: number;
  readonly logarithmic: boolean;
  /** Key of the line under the pointer or chosen elsewhere: it comes to the front, others step back. */
  readonly front: string | null;
  readonly colours: TokenColours;
}

export interface LineChartView {
  readonly axis: XAxis;
  readonly x: Range | null;
  readonly logarithmic: boolean;
  readonly ignoreOutliers: boolean;
  readonly marks: readonly ChartMark[];
  readonly colours: TokenColours;
  readonly font: string;
  /** The step at which the run will end: what is still to come is room on the axis. */
  readonly until?: number | undefined;
  /** Values are shares, and written in per cent. */
  readonly asPercentage?: boolean | undefined;
}

/** The picture of a chart has a ground of its own: a transparent one is unreadable in half of all documents. */
const ground: Plugin<'line', { colour?: string }> = {
  id: 'ground',
  beforeDraw(chart, _arguments, { colour }) {
    if (colour === undefined) return;
    chart.ctx.save();
    chart.ctx.fillStyle = colour;
    chart.ctx.fillRect(0, 0, chart.width, chart.height);
    chart.ctx.restore();
  },
};

Chart.register(
  LineController,
  LineElement,
  PointElement,
  LinearScale,
  LogarithmicScale,
  Filler,
  Tooltip,
  zoomPlugin,
  annotationPlugin,
  ground,
  endLabels,
);

/** More labels at the ends of lines would lie on each other. */
const mostLabelled = 6;

/** Behind more lines than these, measured lines and their points are a fog, and drawing them costs as much again. */
const mostWithRaw = 10;

export function drawLines(
  lines: readonly ChartLine[],
  bands: readonly ChartBand[],
  { smoothing, logarithmic, front, colours }: DrawnAs,
): DrawnLines {
  const datasets: LineDataset[] = [];
  const fitted: Point[][] = [];
  const measured: Point[][] = [];
  const opacityOf = (key: string): number => (front === null || front === key ? 1 : 0.25);
  for (const band of bands) {
    const pointsOf = (values: ChartBand['mean'], weight: number): Point[] =>
      piecesOf({ x: band.x, values, breaks: [] }, weight, logarithmic)[0] ?? [];
    const weight = band.exact ? 0 : smoothing;
    const [mean, low, high] = [pointsOf(band.mean, weight), pointsOf(band.low, weight), pointsOf(band.high, weight)];
    const named = bands.length + lines.length <= mostLabelled ? band : { ...band, endLabel: undefined };
    datasets.push(...drawBand(named, { mean, low, high }, opacityOf(band.key), colours));
    fitted.push(mean, low, high);
    measured.push(...[band.mean, band.low, band.high].map((values) => pointsOf(values, 0)));
  }
  for (const line of lines) {
    const weight = line.exact ? 0 : smoothing;
    const opacity = opacityOf(line.key);
    const common = {
      label: line.label,
      lineKey: line.key,
      borderDash: [...line.style.dash],
      ...(bands.length + lines.length <= mostLabelled && { endLabel: line.endLabel }),
      order: front === line.key ? -1 : 0,
    };
    const few = line.points === true && line.values.length <= 60 && lines.length <= mostWithRaw;
    const raw = piecesOf(line, 0, logarithmic);
    measured.push(...raw);
    for (const data of weight === 0 ? raw : piecesOf(line, weight, logarithmic)) {
      fitted.push(data);
      datasets.push({
        ...common,
        role: 'line',
        data,
        borderColor: colours.of(line.style.colour, opacity),
        backgroundColor: colours.of(line.style.colour, opacity),
        borderWidth: front === line.key ? 2.5 : 1.75,
        pointRadius: few || data.length === 1 ? 2.5 : 0,
      });
    }
    if (weight === 0 || opacity < 1 || lines.length > mostWithRaw) continue;
    for (const data of raw) {
      datasets.push({
        ...common,
        role: 'raw',
        data,
        borderColor: colours.of(line.style.colour, lines.length > 3 ? 0.14 : 0.3),
        borderWidth: 1,
        pointRadius: 0,
        pointHitRadius: 0,
        order: 1,
      });
    }
  }
  return { datasets, pieces: fitted, measured };
}

function drawBand(
  band: ChartBand,
  { mean, low, high }: Readonly<Record<'mean' | 'low' | 'high', Point[]>>,
  opacity: number,
  colours: TokenColours,
): LineDataset[] {
  const colour = band.style.colour;
  const edge = { label: band.label, lineKey: band.key, role: 'edge' as const, pointRadius: 0, pointHitRadius: 0 };
  return [
    {
      ...edge,
      role: 'line',
      endLabel: band.endLabel,
      data: mean,
      borderColor: colours.of(colour, opacity),
      backgroundColor: colours.of(colour, opacity),
      borderWidth: 2.25,
      borderDash: [...band.style.dash],
      pointHitRadius: 4,
    },
    { ...edge, data: low, borderWidth: 0 },
    {
      ...edge,
      data: high,
      borderWidth: 0,
      fill: '-1',
      backgroundColor: colours.of(colour, 0.16 * opacity),
    },
  ];
}

/** The axes' ranges: of the zoom and of the values within it. */
export function rangesOf(
  drawn: DrawnLines,
  view: Pick<LineChartView, 'x' | 'logarithmic' | 'ignoreOutliers' | 'until'>,
): { x: Range | null; y: Range | null } {
  // Given, because chart.js would leave out points that are outside the vertical range.
  return {
    x: view.x ?? positionRange(drawn.pieces, view.until),
    y: valueRange(drawn.pieces, { ...view, measured: drawn.measured }),
  };
}

export function lineChartOptions(drawn: DrawnLines, view: LineChartView): ChartOptions<'line'> {
  const { axis, colours } = view;
  const { x, y } = rangesOf(drawn, view);
  const text = colours.of('--text-secondary');
  const grid = { color: colours.of('--line-subtle'), tickLength: 0 };
  const font = { family: view.font, size: 12 };
  return {
    animation: false,
    parsing: false,
    normalized: true,
    responsive: true,
    maintainAspectRatio: false,
    layout: { padding: { top: 6, right: 10 + roomForLabels(drawn.datasets, view.font) } },
    // Points at the ends are seen whole; what is zoomed to is cut at its edges.
    clip: view.x ? 0 : { left: 4, right: 4, top: 1, bottom: 1 },
    interaction: { mode: 'nearest', axis: 'xy', intersect: false },
    elements: { line: { tension: 0 }, point: { hoverRadius: 4, borderWidth: 0 } },
    scales: {
      x: {
        type: 'linear',
        ...(x ? { min: x.low, max: x.high } : {}),
        grid,
        border: { color: colours.of('--line-control') },
        title: { display: true, text: xAxisTitles[axis], color: text, font, padding: { top: 2 } },
        ticks: {
          color: text,
          font,
          maxRotation: 0,
          autoSkipPadding: 16,
          maxTicksLimit: 9,
          callback(value) {
            return formatPosition(axis, Number(value), this.max - this.min);
          },
        },
        afterBuildTicks(scale) {
          if (axis === 'step') {
            scale.ticks = stepTicks(scale.min, scale.max, 8).map((value) => ({ value }));
            return;
          }
          const offset = axis === 'wall' ? new Date(scale.min).getTimezoneOffset() : 0;
          scale.ticks = timeTicks(scale.min, scale.max, 8, offset).map((value) => ({ value }));
        },
      },
      y: {
        type: view.logarithmic ? 'logarithmic' : 'linear',
        ...(y ? { min: y.low, max: y.high } : {}),
        grid,
        border: { display: false },
        afterFit(scale) {
          scale.width = 52; // charts below each other share their left edge, and nothing jumps as digits come and go
        },
        ...(!view.logarithmic && {
          afterBuildTicks(scale: { min: number; max: number; ticks: { value: number }[] }) {
            scale.ticks = valueTicks(scale.min, scale.max, 6).map((value) => ({ value }));
          },
        }),
        ticks: {
          color: text,
          font,
          maxTicksLimit: 8,
          autoSkip: view.logarithmic,
          includeBounds: false,
          callback(value, _index, ticks) {
            const values = ticks.map((tick) => tick.value);
            return view.asPercentage ? formatPercentTick(Number(value), values) : formatTick(Number(value), values);
          },
        },
      },
    },
    plugins: {
      legend: { display: false },
      tooltip: tooltipOptions(view),
      annotation: { annotations: view.marks.map((mark) => annotationOf(mark, view)) },
      // The options of plugins of our own are not in chart.js' types.
      ...({ ground: { colour: colours.of('--surface-raised') }, endLabels: { font: view.font } } as object),
    },
  };
}

function tooltipOptions({
  axis,
  colours,
  font,
  asPercentage,
}: LineChartView): NonNullable<NonNullable<ChartOptions<'line'>['plugins']>['tooltip']> {
  return {
    backgroundColor: colours.of('--surface-raised', 0.97),
    borderColor: colours.of('--line-control'),
    borderWidth: 1,
    titleColor: colours.of('--text-secondary'),
    bodyColor: colours.of('--text-primary'),
    titleFont: { family: font, size: 12, weight: 'normal' },
    bodyFont: { family: font, size: 12 },
    padding: 8,
    cornerRadius: 4,
    boxWidth: 10,
    boxHeight: 3,
    boxPadding: 4,
    filter: (item, index) => index === 0 && roleOf(item) !== 'edge',
    callbacks: {
      title: ([item]) => {
        const x = item?.parsed.x ?? null;
        if (x === null) return '';
        return axis === 'step' ? `Step ${formatPosition(axis, Math.round(x), 0)}` : formatPosition(axis, x, 0);
      },
      label: (item) => {
        const { y } = item.parsed;
        return `${item.dataset.label ?? ''}  ${asPercentage && y !== null ? formatPercent(y) : formatValue(y)}`;
      },
      labelColor: (item) => {
        const { borderColor } = item.dataset;
        const colour = typeof borderColor === 'string' ? borderColor : '';
        return { borderColor: colour, backgroundColor: colour, borderWidth: 0 };
      },
    },
  };
}

function roleOf(item: TooltipItem<'line'>): string {
  return 'role' in item.dataset ? String(item.dataset.role) : 'line';
}

function annotationOf(mark: ChartMark, { colours, font }: LineChartView): AnnotationOptions {
  const place = mark.axis === 'x' ? { xMin: mark.value, xMax: mark.value } : { yMin: mark.value, yMax: mark.value };
  return {
    type: 'line',
    scaleID: mark.axis,
    value: mark.value,
    ...place,
    borderColor: colours.of('--text-secondary', 0.8),
    borderWidth: 1,
    borderDash: [3, 3],
    drawTime: 'beforeDatasetsDraw',
    label: {
      display: true,
      drawTime: 'afterDatasetsDraw', // over the lines, which may run along it
      content: mark.label,
      position: 'start', // at the left end of a baseline, away from the newest values
      backgroundColor: colours.of('--surface-raised', 0.85),
      color: colours.of('--text-secondary'),
      font: { family: font, size: 12, weight: 'normal' },
      padding: 2,
    },
  };
}
