/** What a line is, said at its end, in its colour: nothing has to be looked up in a legend. Labels that would touch move apart. */
import type { Plugin } from 'chart.js';
import { fittedName } from './fitted-name.ts';
import { lineHeight, movedApart } from './moved-apart.ts';

interface Labelled {
  readonly endLabel?: string | undefined;
  readonly role?: string;
  readonly lineKey?: string;
}

const gap = 6;
const widest = 120;
const fontOf = (family: string): string => `12px ${family}`;

let ruler: CanvasRenderingContext2D | null | undefined;
function widthOf(text: string, family: string): number {
  ruler ??= document.createElement('canvas').getContext('2d');
  if (!ruler) return text.length * 7;
  ruler.font = fontOf(family);
  return ruler.measureText(text).width;
}

/** Pixels that labels take right of the lines: 0 without any. */
export function roomForLabels(datasets: readonly Labelled[], family: string): number {
  const widths = datasets.map(({ endLabel }) => (endLabel === undefined ? 0 : widthOf(endLabel, family) + gap));
  return Math.min(widest + gap, Math.max(0, ...widths));
}

export const endLabels: Plugin<'line', { font?: string }> = {
  id: 'endLabels',
  afterDatasetsDraw(chart, _arguments, { font = 'sans-serif' }) {
    const { ctx, chartArea } = chart;
    const ends = new Map<string, { text: string; colour: string; x: number; y: number }>();
    for (const [index, dataset] of chart.data.datasets.entries()) {
      // Ours have these beside what chart.js knows of.
      const { endLabel, role, lineKey = String(index) } = dataset as Labelled;
      if (endLabel === undefined || role !== 'line') continue;
      const seen = chart
        .getDatasetMeta(index)
        .data.findLast(({ x, y }) => Number.isFinite(y) && x <= chartArea.right + 1 && x >= chartArea.left - 1);
      if (!seen) continue;
      const colour = typeof dataset.borderColor === 'string' ? dataset.borderColor : '';
      ends.set(lineKey, { text: endLabel, colour, x: seen.x, y: seen.y });
    }
    const labels = [...ends.values()];
    const heights = movedApart(
      labels.map(({ y }) => y),
      chartArea.top + lineHeight / 2,
      chartArea.bottom - lineHeight / 2,
    );
    ctx.save();
    ctx.font = fontOf(font);
    ctx.textBaseline = 'middle';
    for (const [index, { text, colour, x }] of labels.entries()) {
      ctx.fillStyle = colour;
      ctx.fillText(
        fittedName(text, widest, (one) => widthOf(one, font)),
        x + gap,
        heights[index] ?? 0,
      );
    }
    ctx.restore();
  },
};
