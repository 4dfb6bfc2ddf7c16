/** How many threads a single question deserves. */
import { programFlops } from '../graph/op.ts';
import type { Program } from '../graph/program.ts';
import { processThreads } from './host/processor.ts';

/**
 * Floating-point operations that are worth a thread: about a millisecond of one. With less, the threads of a program wait for each other
 * at each of its nodes for as long as they compute (measured on two cores, bench/README.md).
 */
const flopsOfThread = 32e6;

/**
 * Threads for a program that answers one question at a time. Not for training: how sums are divided is part of what a run is.
 *
 * @param most that it may have; all of the process without it
 */
export function threadsForAnswer(program: Program, most = processThreads()): number {
  return Math.max(1, Math.min(most, Math.floor(programFlops(program) / flopsOfThread)));
}
