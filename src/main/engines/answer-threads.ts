/** How many threads a single question deserves. */
import { programFlops } from '../graph/op.ts';
import type { Program } from '../graph/program.ts';

/**
 * Floating-point operations that are worth a thread: about a millisecond of one. With less, the threads of a program wait for each other
 * at each of its nodes for as long as they compute (measured on two cores, bench/README.md).
 */
const flopsOfThread = 32e6;

/** Threads for a program that answers one question at a time, and may have so many. */
export function threadsForAnswer(program: Program, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(programFlops(program) / flopsOfThread)));
}
