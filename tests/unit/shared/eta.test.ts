import { describe, expect, it } from 'vitest';
import { formatDuration, RemainingTime } from '../../../src/shared/eta.ts';
import { randomStream } from '../../../src/shared/random.ts';

/** Runs `steps` steps of the given durations and returns the estimates after each. */
function estimates(total: number, durations: number[]): { now: number; remaining: number | null }[] {
  const clock = new RemainingTime(total);
  let now = 1000;
  clock.observe(0, now);
  return durations.map((duration, step) => {
    now += duration;
    clock.observe(step + 1, now);
    return { now, remaining: clock.remaining(now) };
  });
}

describe('RemainingTime', () => {
  it('knows nothing at first, is exact for even steps, and ends at zero', () => {
    const list = estimates(50, new Array<number>(50).fill(100));
    expect(list[0]?.remaining).toBeNull();
    for (const [step, { remaining }] of list.entries()) {
      if (step > 0) expect(remaining).toBeCloseTo((49 - step) * 100, 6);
    }
  });

  it('forgets a slow first step', () => {
    const list = estimates(1000, [60_000, ...new Array<number>(20).fill(100)]);
    expect(list[1]?.remaining).toBeCloseTo(998 * 100, 6);
    expect(list[20]?.remaining).toBeCloseTo(979 * 100, 6);
  });

  it('is steady under noise: within 15 % of the truth from a tenth of the work on', () => {
    const stream = randomStream(12);
    const durations = Array.from({ length: 1000 }, () => 50 + 100 * stream.uniform());
    const list = estimates(1000, durations);
    const end = list[list.length - 1]?.now ?? 0;
    for (const { now, remaining } of list.slice(100, 950)) {
      expect(Math.abs((remaining ?? 0) - (end - now))).toBeLessThan(0.15 * (end - now) + 300);
    }
  });

  it('ignores one freak delay, such as a machine asleep for an hour', () => {
    const durations = new Array<number>(600).fill(100);
    durations[300] = 3_600_000;
    const list = estimates(1000, durations);
    expect(list[599]?.remaining).toBeCloseTo(400 * 100, 3);
    expect(list[310]?.remaining).toBeCloseTo(689 * 100, 3);
  });

  it('counts what recurs, such as an evaluation every 50 steps', () => {
    const durations = Array.from({ length: 1000 }, (_, step) => (step % 50 === 49 ? 5000 : 100));
    const list = estimates(1000, durations);
    const end = list[list.length - 1]?.now ?? 0;
    const half = list[499];
    expect(Math.abs((half?.remaining ?? 0) - (end - (half?.now ?? 0)))).toBeLessThan(0.25 * (end - (half?.now ?? 0)));
  });

  it('follows a lasting change of speed', () => {
    const durations = [...new Array<number>(200).fill(100), ...new Array<number>(400).fill(300)];
    const list = estimates(1000, durations);
    expect(list[599]?.remaining).toBeCloseTo(400 * 300, -2);
  });

  it('does not count pauses', () => {
    const clock = new RemainingTime(100);
    for (let step = 0; step <= 10; step += 1) clock.observe(step, step * 100);
    clock.pause(1000);
    expect(clock.remaining(500_000)).toBeCloseTo(9000, 6);
    clock.resume(900_000);
    clock.observe(11, 900_100);
    expect(clock.active(900_100)).toBe(1100);
    expect(clock.remaining(900_100)).toBeCloseTo(8900, 6);
  });

  it('starts in the middle when a run is resumed, and anew when it goes back', () => {
    const clock = new RemainingTime(1000);
    for (let step = 0; step <= 5; step += 1) clock.observe(500 + step, step * 10);
    expect(clock.remaining(50)).toBeCloseTo(495 * 10, 6);
    for (let step = 0; step <= 5; step += 1) clock.observe(400 + step, 1000 + step * 20);
    expect(clock.remaining(1100)).toBeCloseTo(595 * 20, 6);
    expect(clock.rate()).toBeCloseTo(50, 6);
  });

  it('counts down between observations, and not below zero', () => {
    const clock = new RemainingTime(10);
    for (let step = 0; step <= 5; step += 1) clock.observe(step, step * 1000);
    expect(clock.remaining(5000)).toBeCloseTo(5000, 6);
    expect(clock.remaining(5400)).toBeCloseTo(4600, 6);
    expect(clock.remaining(1e9)).toBe(0);
  });

  it('keeps its estimate and bounded memory over a hundred thousand observations', () => {
    const clock = new RemainingTime(200_000);
    for (let step = 0; step <= 100_000; step += 1) clock.observe(step, step * 7);
    expect(clock.remaining(700_000)).toBeCloseTo(700_000, 3);
    expect((Reflect.get(clock, 'samples') as unknown[]).length).toBeLessThanOrEqual(512); // a private list
  });

  it('refuses a job without work', () => {
    expect(() => new RemainingTime(0)).toThrow(RangeError);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [340, '340 ms'],
    [999.6, '1.0 s'],
    [4230, '4.2 s'],
    [9960, '10 s'],
    [47_000, '47 s'],
    [59_700, '1 min'],
    [200_000, '3 min 20 s'],
    [3_599_600, '1 h'],
    [7_500_000, '2 h 5 min'],
    [86_399_000, '1 d'],
    [97_300_000, '1 d 3 h'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('writes %s ms as %j', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});
