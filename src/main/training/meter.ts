/** Collects what the steps between two points of the loss curve amount to. */
import type { StepResult } from '../engines/engine.ts';

export interface MeterReading {
  /** Means over the steps, without those that were skipped. */
  readonly scalars: Record<string, number>;
  readonly gradientNorm: number;
  /** Of the last step, where gradients are scaled. */
  readonly lossScale?: number;
  readonly examplesPerSecond: number;
}

export interface Meter {
  /** A step, and how long it took. */
  add(result: StepResult, seconds: number): void;
  /** The reading since the last one; undefined where all steps since then were skipped, which go on counting as time. */
  take(): MeterReading | undefined;
}

export function createMeter(examplesPerStep: number): Meter {
  let steps = 0;
  let skipped = 0;
  let lossScale: number | undefined;
  let seconds = 0;
  let gradientNorm = 0;
  let sums: Record<string, number> = {};
  return {
    add(result, elapsed) {
      seconds += elapsed;
      ({ lossScale } = result);
      if (result.skipped) {
        skipped++;
        return;
      }
      steps++;
      gradientNorm += result.gradientNorm;
      for (const [name, value] of Object.entries(result.scalars)) sums[name] = (sums[name] ?? 0) + value;
    },
    take() {
      if (steps === 0 && skipped > 0) return undefined;
      const count = Math.max(1, steps);
      const scalars = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count]));
      const reading = {
        scalars,
        gradientNorm: gradientNorm / count,
        ...(lossScale !== undefined && { lossScale }),
        examplesPerSecond: seconds === 0 ? 0 : ((steps + skipped) * examplesPerStep) / seconds,
      };
      steps = 0;
      skipped = 0;
      seconds = 0;
      gradientNorm = 0;
      sums = {};
      return reading;
    },
  };
}
