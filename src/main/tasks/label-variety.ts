/** What labels are, told by their variety: classes come again and again, transcripts differ from one example to the next. */
import type { DataDescription } from './task.ts';

export function areTranscripts({ labels, examples, targets }: DataDescription): boolean {
  return targets === undefined && 2 * labels.length > examples;
}

export function areClasses({ labels, examples, targets }: DataDescription): boolean {
  return targets === undefined && 2 * labels.length <= examples;
}
