// What charts are made of: pieces between restarts, ranges, ticks, tables.
import { describe, expect, it } from 'vitest';
import { groupLabel, piecesOf, withoutLogarithm } from '../../../src/renderer/src/charts/chart-line.ts';
import { chartRows, chosenRows, csvOf } from '../../../src/renderer/src/charts/csv.ts';
import { fittedName } from '../../../src/renderer/src/charts/fitted-name.ts';
import { movedApart } from '../../../src/renderer/src/charts/moved-apart.ts';
import {
  formatDuration,
  formatPercentTick,
  formatValue,
  stepTicks,
  timeTicks,
} from '../../../src/renderer/src/charts/time-axis.ts';
import { positionRange, valueRange } from '../../../src/renderer/src/charts/value-range.ts';
import { rowsWithin, zoomedSteps } from '../../../src/renderer/src/charts/zoomed-steps.ts';
import { formatMetric } from '../../../src/shared/metrics.ts';
import { smooth } from '../../../src/shared/smoothing.ts';

const style = { colour: '--series-1', dash: [] };
const points = (values: readonly number[]): { x: number; y: number }[] => values.map((y, x) => ({ x, y }));

describe('piecesOf', () => {
  it('smooths every piece by itself and keeps gaps', () => {
    const line = { x: [1, 2, 3, 2, 3, 4], values: [5, 4, 3, 9, null, 7], breaks: [3] };
    const [before, after] = piecesOf(line, 0.6);
    expect(before!.map(({ y }) => y)).toEqual([...smooth([5, 4, 3], 0.6)]);
    expect(after!.map(({ x }) => x)).toEqual([2, 3, 4]);
    expect(after![0]!.y).toBe(9); // nothing of the piece before it
    expect(after![1]!.y).toBeNaN();
  });

  it('gives a line as measured with weight 0, and nothing for an empty one', () => {
    expect(piecesOf({ x: [1, 2], values: [3, 4], breaks: [] }, 0)).toEqual([
      [
        { x: 1, y: 3 },
        { x: 2, y: 4 },
      ],
    ]);
    expect(piecesOf({ x: [], values: [], breaks: [] }, 0.6)).toEqual([]);
  });

  it('leaves gaps where a logarithmic axis has no place, and does not average over them', () => {
    const line = { x: [1, 2, 3, 4], values: [4, 0, -3, 2], breaks: [] };
    const [piece] = piecesOf(line, 0.5, true);
    expect(piece!.map(({ y }) => y)).toEqual([4, Number.NaN, Number.NaN, smooth([4, 2], 0.5)[1]]);
    expect(piecesOf(line, 0, true)[0]!.map(({ y }) => y)).toEqual([4, Number.NaN, Number.NaN, 2]);
    expect(withoutLogarithm([line, { values: [null, 1] }], [{ mean: [-1] }])).toEqual({ count: 3, of: 6 });
  });
});

describe('valueRange', () => {
  const all = { ignoreOutliers: false, logarithmic: false };

  it('holds all values, with some room', () => {
    const range = valueRange([points([1, 3]), points([2, 5])], all)!;
    expect(range.low).toBeCloseTo(0.8);
    expect(range.high).toBeCloseTo(5.2);
  });

  it('leaves a spike out, but not the steep beginning of a loss', () => {
    const noise = Array.from({ length: 100 }, (_, index) => 2 + Math.sin(index) / 10);
    const robust = { ignoreOutliers: true, logarithmic: false };
    expect(valueRange([points([...noise, 500, 2])], robust)!.high).toBeLessThan(3);
    const loss = Array.from({ length: 100 }, (_, index) => 1 + 6 * Math.exp(-index / 30));
    expect(valueRange([points(loss)], robust)!.high).toBeGreaterThan(7);
  });

  it('never leaves the newest value of a line out', () => {
    const noise = Array.from({ length: 100 }, (_, index) => 2 + Math.sin(index) / 10);
    const robust = { ignoreOutliers: true, logarithmic: false };
    expect(valueRange([points([...noise, 500]), points(noise)], robust)!.high).toBeGreaterThan(500);
    expect(valueRange([points([...noise, 0.1])], robust)!.low).toBeLessThan(0.1);
  });

  it('takes what was measured, and not the smoothed tail of a spike, to know outliers by', () => {
    const measured = Array.from({ length: 60 }, (_, index) => (index === 20 ? 900 : 1 + Math.sin(index) / 10));
    const robust = { ignoreOutliers: true, logarithmic: false, measured: [points(measured)] };
    const smoothed = [points([...smooth(measured, 0.6)])];
    expect(valueRange(smoothed, robust)!.high).toBeLessThan(3);
    // Where all that is drawn would be an outlier of what was measured, it is drawn all the same.
    const far = [points([2e5, 1.9e5, 1.8e5])];
    expect(valueRange(far, robust)!.high).toBeGreaterThan(1e5);
  });

  it('looks only at what is zoomed to, and at positive values on a logarithmic axis', () => {
    expect(valueRange([points([9, 1, 2, 9])], { ...all, x: { low: 1, high: 2 } })!.high).toBeLessThan(2.1);
    expect(valueRange([points([-1, 0, 10, 1000])], { ...all, logarithmic: true })!.low).toBeGreaterThan(5);
    expect(valueRange([points([-1, 0])], { ...all, logarithmic: true })).toBeNull();
    expect(valueRange([[]], all)).toBeNull();
  });

  it('gives a constant line some height, and a single point some width', () => {
    const { low, high } = valueRange([points([4, 4])], all)!;
    expect(low).toBeLessThan(4);
    expect(high).toBeGreaterThan(4);
    expect(valueRange([points([0, 0])], all)).toEqual({ low: -1, high: 1 });
    expect(positionRange([[{ x: 25, y: 1 }]])).toEqual({ low: 24.5, high: 25.5 });
  });

  it('leaves room for the steps that are planned', () => {
    expect(positionRange([points([3, 2, 1])], 100)).toEqual({ low: 0, high: 100 });
    expect(positionRange([points([3, 2, 1])], 1)).toEqual({ low: 0, high: 2 }); // went on beyond the plan
    expect(positionRange([], 100)).toBeNull();
  });
});

describe('a zoom', () => {
  it('asks for some of the past, which smoothed values are averages of, and shows only what is within', () => {
    expect(zoomedSteps(null, 800)).toEqual({ maximumPoints: 800 });
    expect(zoomedSteps({ low: 100.5, high: 200.5 }, 800)).toEqual({ maximumPoints: 1200, fromStep: 50, toStep: 201 });
    expect(zoomedSteps({ low: 10, high: 110 }, 800).fromStep).toBe(0);
    const rows = [90, 100, 150, 200, 210].map((x) => ({ line: 'a', x, value: 1 }));
    expect(rowsWithin(rows, { low: 100, high: 200 }).map(({ x }) => x)).toEqual([100, 150, 200]);
    expect(rowsWithin(rows, null)).toBe(rows);
  });
});

describe('ticks', () => {
  it('are round', () => {
    expect(stepTicks(8, 200, 8)).toEqual([50, 100, 150, 200]);
    expect(stepTicks(0, 3, 8)).toEqual([0, 1, 2, 3]);
    expect(stepTicks(1, 1_000_000, 8)).toEqual([200_000, 400_000, 600_000, 800_000, 1_000_000]);
    const minute = 60_000;
    expect(timeTicks(30_000, 10 * minute, 8)).toEqual([2, 4, 6, 8, 10].map((count) => count * minute));
    expect(timeTicks(0, 4 * minute, 8)).toEqual([
      0, 30_000, 60_000, 90_000, 120_000, 150_000, 180_000, 210_000, 240_000,
    ]);
  });
});

describe('labels at the ends of lines', () => {
  it('stay where they belong, and move apart where they would touch', () => {
    expect(movedApart([20, 80], 0, 100, 14)).toEqual([20, 80]);
    expect(movedApart([50, 52, 51], 0, 100, 14)).toEqual([50, 78, 64]);
  });

  it('stay within the chart', () => {
    expect(movedApart([95, 99], 0, 100, 14)).toEqual([86, 100]);
    expect(movedApart([-5], 0, 100, 14)).toEqual([0]);
  });
});

describe('a name at the end of a line', () => {
  const measure = (text: string): number => 7 * Array.from(text).length;

  it('is whole where it fits, and keeps its beginning and more of its end where it does not', () => {
    expect(fittedName('pretrained.1', 150, measure)).toBe('pretrained.1');
    const long = fittedName('words-on-mails.200-labels.pretrained.3', 150, measure);
    expect(long).toMatch(/^words-.*….*pretrained\.3$/u);
    expect(measure(long)).toBeLessThanOrEqual(150);
    expect(measure(long)).toBeGreaterThan(140);
  });

  it('is cut between characters, and never wider than its place', () => {
    expect(fittedName('😀😀😀😀😀😀', 35, measure)).toBe('😀…😀😀😀');
    expect(fittedName('name', 5, measure)).toBe('…');
  });
});

describe('words', () => {
  it('writes shares in per cent, with the decimals that tell ticks apart', () => {
    expect(formatPercentTick(0.2, [0.1, 0.2, 0.3])).toBe('20 %');
    expect(formatPercentTick(0.205, [0.2, 0.205, 0.21])).toBe('20.5 %');
    expect(formatPercentTick(1, [0, 0.5, 1])).toBe('100 %');
    expect(formatMetric(0.208, 'validation.accuracy')).toBe('20.8 %');
    expect(formatMetric(0.208, 'macroF1')).toBe('0.208'); // no share of anything
    expect(formatMetric(null, 'accuracy')).toBe('–');
  });

  it('writes times and values', () => {
    expect(formatDuration(4200)).toBe('4.2 s');
    expect(formatDuration(59_800)).toBe('1 min');
    expect(formatDuration(200_000)).toBe('3 min 20 s');
    expect(formatDuration(7_500_000)).toBe('2 h 5 min');
    expect(formatDuration(Number.NaN)).toBe('–');
    expect(formatValue(0.00012)).toBe('1.20e−4');
    expect(formatValue(-3.14159)).toBe('−3.142');
    expect(formatValue(-0.00012)).toBe('−1.20e−4');
    expect(formatValue(null)).toBe('–');
    expect(groupLabel(['bert', null], ['preset', 'from'])).toBe('preset: bert, from: none');
  });
});

describe('csv', () => {
  const line = { key: 'a', label: 'a, "b"', style, x: [1, 2], values: [0.5, null], breaks: [] };
  const band = { key: 'g', label: '=1+1', style, x: [1], mean: [2], low: [1], high: [3] };

  it('quotes what needs it and defuses formulas', () => {
    expect(csvOf(chartRows([line], [band]), 'step')).toBe(
      'line,step,value,low,high\r\n\'=1+1,1,2,1,3\r\n"a, ""b""",1,0.5,,\r\n"a, ""b""",2,,,\r\n',
    );
  });

  it('chooses rows evenly, with both ends', () => {
    const rows = chartRows([{ ...line, x: [...Array(1000).keys()], values: Array<number>(1000).fill(1) }], []);
    const chosen = chosenRows(rows, 11);
    expect(chosen.map(({ x }) => x)).toEqual([0, 100, 200, 300, 400, 500, 599, 699, 799, 899, 999]);
  });
});
