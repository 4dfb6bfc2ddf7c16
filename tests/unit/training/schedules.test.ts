import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSchedule, warmupStepsOf } from '../../../src/main/training/schedules.ts';
import { scheduleOptions } from '../../../src/shared/spec/experiment/schedule.ts';

function rates(options: unknown, peak: number, totalSteps: number): number[] {
  const schedule = createSchedule(scheduleOptions.parse(options), peak, totalSteps);
  return Array.from({ length: totalSteps }, (_, step) => schedule(step));
}

function expectAll(actual: number[], expected: number[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [step, rate] of actual.entries()) expect(rate).toBeCloseTo(expected[step] ?? Number.NaN, 12);
}

describe('schedules', () => {
  it('stay constant', () => {
    expectAll(rates({ type: 'constant' }, 0.1, 4), [0.1, 0.1, 0.1, 0.1]);
    expectAll(rates({ type: 'constant', warmupSteps: 3 }, 0.4, 5), [0.1, 0.2, 0.3, 0.4, 0.4]);
  });

  it('warm up and fall on a line', () => {
    expectAll(
      rates({ type: 'linear', warmupFraction: 0.2 }, 3, 10),
      [1, 2, 3, 2.625, 2.25, 1.875, 1.5, 1.125, 0.75, 0.375],
    );
    expectAll(rates({ type: 'linear', finalFraction: 0.5 }, 1, 4), [1, 0.875, 0.75, 0.625]);
  });

  it('fall along half a cosine: SGDR, equation 5', () => {
    const [low, high, total] = [0.02, 0.2, 16];
    const paper = Array.from(
      { length: total },
      (_, step) => low + 0.5 * (high - low) * (1 + Math.cos((step / total) * Math.PI)),
    );
    expectAll(rates({ type: 'cosine', finalFraction: 0.1 }, high, total), paper);
  });

  it('rise and fall in one cycle, with the phases of PyTorch', () => {
    // torch.optim.lr_scheduler.OneCycleLR's definition: phases end at steps pct_start·total − 1 and total − 1.
    const [peak, total] = [0.5, 20];
    const anneal = (start: number, end: number, share: number): number =>
      end + ((start - end) / 2) * (1 + Math.cos(Math.PI * share));
    const reference = Array.from({ length: total }, (_, step) =>
      step <= 5 ? anneal(peak / 25, peak, step / 5) : anneal(peak, peak / 25 / 1e4, (step - 5) / (19 - 5)),
    );
    const actual = rates({ type: 'one-cycle' }, peak, total);
    expectAll(actual, reference);
    expect(actual[0]).toBeCloseTo(0.02, 14);
    expect(actual[5]).toBe(0.5);
    expect(actual[19]).toBeCloseTo(2e-6, 14);
  });

  it('are slanted triangles: ULMFiT, equation 3', () => {
    const [total, cutFraction, ratio, peak] = [100, 0.1, 32, 0.01];
    const cut = Math.floor(total * cutFraction);
    const paper = Array.from({ length: total }, (_, t) => {
      const p = t < cut ? t / cut : 1 - (t - cut) / (cut * (1 / cutFraction - 1));
      return (peak * (1 + p * (ratio - 1))) / ratio;
    });
    const actual = rates({ type: 'slanted-triangular' }, peak, total);
    expectAll(actual, paper);
    expect(actual[0]).toBeCloseTo(peak / 32, 14);
    expect(actual[10]).toBeCloseTo(peak, 14);
  });

  it('warm up, stay and decay, on a line or as one minus the root', () => {
    const options = { type: 'wsd', warmupFraction: 0.2, decayFraction: 0.4 };
    expectAll(rates(options, 3, 10), [1, 2, 3, 3, 3, 3, 3, 2.25, 1.5, 0.75]);
    expectAll(rates({ ...options, decay: 'one-minus-sqrt' }, 3, 10), [
      1,
      2,
      3,
      3,
      3,
      3,
      3,
      3 * (1 - Math.sqrt(0.25)),
      3 * (1 - Math.sqrt(0.5)),
      3 * (1 - Math.sqrt(0.75)),
    ]);
    expectAll(rates({ type: 'wsd', decayFraction: 0.5, finalFraction: 0.5 }, 1, 4), [1, 1, 1, 0.75]);
    expectAll(rates({ type: 'wsd', decayFraction: 0 }, 1, 3), [1, 1, 1]);
    expectAll(rates({ type: 'wsd', warmupFraction: 0, decayFraction: 1 }, 1, 4), rates({ type: 'linear' }, 1, 4));
    const afterwards = createSchedule(scheduleOptions.parse(options), 3, 10);
    expect([afterwards(10), afterwards(11)]).toEqual([0, 0]);
  });

  const any = fc.oneof(
    fc.record({
      type: fc.constantFrom('constant', 'linear', 'cosine'),
      warmupFraction: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    fc.record({
      type: fc.constant('wsd'),
      warmupFraction: fc.double({ min: 0, max: 0.5, noNaN: true }),
      decayFraction: fc.double({ min: 0, max: 0.5, noNaN: true }),
      decay: fc.constantFrom('linear', 'one-minus-sqrt'),
    }),
    fc.record({ type: fc.constantFrom('one-cycle', 'slanted-triangular') }),
  );

  it('stay between 0 and the peak in runs of any length, and reach beyond their end', () => {
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 200 }), (options, totalSteps) => {
        const schedule = createSchedule(scheduleOptions.parse(options), 0.3, totalSteps);
        for (let step = 0; step < totalSteps + 5; step += 1) {
          expect(schedule(step)).toBeGreaterThanOrEqual(0);
          expect(schedule(step)).toBeLessThanOrEqual(0.3 * (1 + 1e-12));
        }
        expect(schedule(0)).toBeGreaterThan(0);
      }),
    );
  });

  it('rise until the warm-up is over and never after', () => {
    for (const type of ['linear', 'cosine']) {
      const list = rates({ type, warmupSteps: 20 }, 1, 120);
      expect(list.indexOf(Math.max(...list))).toBe(20);
      for (let step = 1; step < 120; step += 1) {
        const change = (list[step] ?? 0) - (list[step - 1] ?? 0);
        if (step <= 20) expect(change).toBeGreaterThan(0);
        else expect(change).toBeLessThan(0);
      }
    }
  });

  it('refuse options that are unknown, missing or contradictory', () => {
    expect(scheduleOptions.safeParse({ type: 'polynomial' }).success).toBe(false);
    expect(scheduleOptions.safeParse({ type: 'linear', warmup: 3 }).success).toBe(false);
    expect(scheduleOptions.safeParse({ type: 'linear', warmupSteps: 3, warmupFraction: 0.1 }).success).toBe(false);
    expect(scheduleOptions.safeParse({ type: 'one-cycle', riseFraction: 1 }).success).toBe(false);
    expect(scheduleOptions.safeParse({ type: 'wsd', warmupFraction: 0.5, decayFraction: 0.6 }).success).toBe(false);
    expect(scheduleOptions.safeParse({ type: 'wsd', warmupSteps: 3, warmupFraction: 0.1 }).success).toBe(false);
    expect(warmupStepsOf({ warmupFraction: 0.1 }, 995)).toBe(100);
  });
});
