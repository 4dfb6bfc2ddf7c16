/** Collects what the steps between two points of the loss curve amount to. */
import type { StepResult } from '../engines/engine.ts';

export interface MeterReading {
  /** Means over the steps. */
  readonly scalars: Record<string, number>;
  readonly gradientNorm: number;
  readonly examplesPerSecond: number;
}

export interface Meter {
  /** A step, and how long it took. */
  add(result: StepResult, seconds: number): void;
  /** The reading since the last one. */
  take(): MeterReading;
}

export function createMeter(examplesPerStep: number): Meter {
  let steps = 0;
  let seconds = 0;
  let gradientNorm = 0;
  let sums: Record<string, number> = {};
  return {
    add(result, elapsed) {
      steps++;
      seconds += elapsed;
      gradientNorm += result.gradientNorm;
      for (const [name, value] of Object.entries(result.scalars)) sums[name] = (sums[name] ?? 0) + value;
    },
    take() {
      const count = Math.max(1, steps);
      const scalars = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count]));
      const reading = {
        scalars,
        gradientNorm: gradientNorm / count,
        examplesPerSecond: seconds === 0 ? 0 : (steps * examplesPerStep) / seconds,
      };
      steps = 0;
      seconds = 0;
      gradientNorm = 0;
      sums = {};
      return reading;
    },
  };
}
