/** Numbers on the command line. */
import { InvalidArgumentError } from 'commander';
import type { Concurrency } from '../../../shared/contract/runs.ts';

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError('It should be a whole number.');
  }
  return value;
}

export function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('It should be at least 1.');
  return value;
}

/** A parser of numbers from `least` to `most`. */
export function numberFrom(least: number, most = Infinity): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most && Number.isFinite(value)) return value;
    const range = most === Infinity ? `at least ${least}` : `between ${least} and ${most}`;
    throw new InvalidArgumentError(`It should be a number, ${range}.`);
  };
}

/** How many runs are trained at the same time. */
export function runsAtATime(text: string): Concurrency {
  return text === 'auto' ? text : Math.round(numberFrom(1, 256)(text));
}
