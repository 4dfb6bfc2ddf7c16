/**
 * Long computations that stay interruptible: they are generators that yield now and then, and whoever runs them decides what
 * happens in between.
 */
import { LabError } from '../../../shared/errors.ts';

/** Milliseconds of computing between two looks at the event loop: short enough for a 'stopping' that feels immediate. */
const SLICE = 30;

/**
 * Runs the work to its end, letting the event loop have its turn about thirty times a second.
 * @throws LabError 'aborted' when the signal fires meanwhile.
 */
export async function runCooperatively<Result>(
  work: Generator<unknown, Result>,
  signal?: AbortSignal,
): Promise<Result> {
  let sliceEnd = performance.now() + SLICE;
  for (;;) {
    if (signal?.aborted) throw new LabError('aborted', 'The baselines were stopped.');
    const { done, value } = work.next();
    if (done === true) return value;
    if (performance.now() >= sliceEnd) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      sliceEnd = performance.now() + SLICE;
    }
  }
}
