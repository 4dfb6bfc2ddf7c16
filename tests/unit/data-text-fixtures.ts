/** Text for the tests of text data: folders that go away, and prose made by a small grammar, the same for the same seed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { randomStream } from '../../src/shared/random.ts';

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pretext-text-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const SUBJECTS = ['The cat', 'A young engineer', 'Nobody', 'The old lighthouse', 'Anna', 'Every student'];
const VERBS = ['watches', 'has forgotten', 'repairs', 'remembers', 'paints', 'cannot find'];
const OBJECTS = ['the unbelievable machine', 'a café in Zürich', 'the red door', 'its reflection', 'seven letters'];

/** @param sentences how many; each is one of 180 with a number, so that documents differ */
export function prose(sentences: number, seed: number): string {
  const stream = randomStream(seed);
  const pick = (words: readonly string[]): string => words[stream.integer(words.length)]!;
  const made = Array.from({ length: sentences }, () => {
    return `${pick(SUBJECTS)} ${pick(VERBS)} ${pick(OBJECTS)} in ${1900 + stream.integer(100)}.`;
  });
  return made.join(' ');
}
