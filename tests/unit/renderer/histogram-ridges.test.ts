// Histograms as they are drawn: heights that are shares, places of ticks on either scale, and parameters under their blocks.
import { describe, expect, it } from 'vitest';
import { histogramOf } from '../../../src/main/training/histogram.ts';
import { byPart, factsOf, ridgesOf } from '../../../src/renderer/src/features/runs/histogram-ridges.ts';
import { randomStream } from '../../../src/shared/random.ts';

const random = randomStream(3, 1);
const normal = (count: number, deviation: number) =>
  histogramOf(Float32Array.from({ length: count }, () => random.normal() * deviation));
const records = [
  { step: 0, weights: normal(4000, 1) },
  { step: 5, weights: normal(4000, 1), gradients: normal(4000, 1e-4) },
  { step: 10, weights: normal(4000, 2), gradients: histogramOf(new Float32Array(4000)) },
];
const linear = { logarithmicValues: false, logarithmicCounts: false };

describe('ridges', () => {
  it('are one for each step, as high as the shares of their values', () => {
    const { ridges, outside } = ridgesOf(records, 'weights', linear)!;
    expect(ridges.map(({ step }) => step)).toEqual([0, 5, 10]);
    const tops = ridges.map(({ heights }) => Math.max(...heights));
    expect(Math.max(...tops)).toBe(1);
    expect(tops[2]! / tops[0]!).toBeCloseTo(0.5, 0); // twice as wide
    expect(outside).toBeLessThan(0.005);
    const [low, middle, high] = [0, 36, 71].map((place) => ridges[0]!.heights[place]!);
    expect(middle).toBeGreaterThan(10 * Math.max(low!, high!));
  });

  it('leave steps out at which nothing was recorded of them, and say so where there are none', () => {
    expect(ridgesOf(records, 'gradients', linear)!.ridges.map(({ step }) => step)).toEqual([5, 10]);
    expect(ridgesOf([{ step: 0, weights: histogramOf(Float32Array.of(NaN)) }], 'weights', linear)).toBeUndefined();
    expect(ridgesOf([], 'weights', linear)).toBeUndefined();
  });

  it('have round ticks where those values stand', () => {
    const { ticks } = ridgesOf(records, 'weights', linear)!;
    expect(ticks.length).toBeGreaterThanOrEqual(3);
    expect(ticks.every(({ place }) => place >= 0 && place <= 1)).toBe(true);
    const zero = ticks.find(({ text }) => text === '0')!;
    const [one, other] = [ticks.at(0)!, ticks.at(-1)!];
    const valueOf = (text: string): number => Number(text.replace('−', '-'));
    // On a linear scale the place of zero follows from those of any two others.
    const scale = (other.place - one.place) / (valueOf(other.text) - valueOf(one.text));
    expect(one.place - valueOf(one.text) * scale).toBeCloseTo(zero.place, 6);
  });

  it('have powers of ten on both sides of zero on a logarithmic scale, at equal distances', () => {
    const { ticks, ridges, outside } = ridgesOf(records, 'gradients', { ...linear, logarithmicValues: true })!;
    expect(outside).toBe(0);
    const places = ticks.map(({ place }) => place);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(ticks.find(({ text }) => text === '0')!.place).toBe(0.5);
    expect(ticks.map(({ text }) => text)).toContain('1e−4');
    for (const { text, place } of ticks.filter((tick) => tick.text.startsWith('1e'))) {
      expect(ticks.find((tick) => tick.text === `−${text}`)!.place).toBeCloseTo(1 - place, 9);
    }
    // All zeros stand in the middle.
    const { heights } = ridges[1]!;
    expect(heights.indexOf(Math.max(...heights))).toBe((heights.length - 1) / 2);
  });

  it('show few values beside many with logarithmic counts', () => {
    const spike = { step: 1, weights: histogramOf(Float32Array.from([...new Array<number>(10_000).fill(0), 1, -1])) };
    const heightOfOne = (logarithmicCounts: boolean): number =>
      ridgesOf([spike], 'weights', { logarithmicValues: true, logarithmicCounts })!.ridges[0]!.heights.findLast(
        (height) => height > 0,
      )!;
    expect(heightOfOne(false)).toBeLessThan(0.001);
    expect(heightOfOne(true)).toBeGreaterThan(0.05);
  });
});

it('facts say what is no number, too', () => {
  const facts = new Map(
    factsOf(histogramOf(Float32Array.of(1, 2, 3, 0, NaN, Infinity))).map(({ term, value }) => [term, value]),
  );
  expect(facts.get('Minimum')).toBe('0');
  expect(facts.get('Maximum')).toBe('3');
  expect(facts.get('Mean')).toBe('1.5');
  expect([facts.get('Zeros'), facts.get('NaN'), facts.get('Infinite')]).toEqual(['1', '1', '1']);
  expect(factsOf(histogramOf(Float32Array.of(NaN)))[0]).toEqual({ term: 'Minimum', value: '–' });
});

it('parameters stand under their blocks, in the order of the network', () => {
  const names = ['backbone/embedding/token', 'backbone/encoder/layer.0/output/bias', 'head/words/output/bias'];
  expect(byPart(names)).toEqual([
    { part: 'backbone/embedding', names: [names[0]] },
    { part: 'backbone/encoder/layer.0', names: [names[1]] },
    { part: 'head', names: [names[2]] },
  ]);
});
