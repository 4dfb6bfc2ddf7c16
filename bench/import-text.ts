/**
 * How fast a text corpus is imported (read, tokenizer trained, encoded), and how much memory that takes. The text is made here:
 * pseudo-words with Zipf's frequencies in sentences and documents, as JSON lines. Twenty megabytes for each of `--steps`, so
 * that `--steps 50` is a gigabyte; a process of its own imports it.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { randomStream } from '../src/shared/random.ts';
import { roundTo, type Bench } from './lib/bench.ts';

const BYTES_PER_STEP = 20_000_000;
const WORDS = 100_000;
const SYLLABLES = 'ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu str ant ing er on al'.split(' ');

const measurement = z.looseObject({
  seconds: z.number(),
  processorSeconds: z.number(),
  megabytesPerSecond: z.number(),
  peakMegabytes: z.number(),
});

function makeWords(): string[] {
  const stream = randomStream(1);
  return Array.from({ length: WORDS }, () => {
    return Array.from({ length: 1 + stream.integer(4) }, () => SYLLABLES[stream.integer(SYLLABLES.length)]!).join('');
  });
}

/** @returns the number of documents */
async function writeCorpus(path: string, bytes: number): Promise<number> {
  const words = makeWords();
  const stream = randomStream(2);
  const output = createWriteStream(path);
  let written = 0;
  let documents = 0;
  for (; written < bytes; documents += 1) {
    const sentences = Array.from({ length: 5 + stream.integer(60) }, () => {
      const length = 4 + stream.integer(24);
      // Ranks by Zipf's law: the logarithm of the rank is uniform.
      const chosen = Array.from({ length }, () => words[Math.floor(WORDS ** stream.uniform()) - 1]!);
      return `${chosen.join(' ')}${stream.integer(3) === 0 ? ', ' + chosen[0]! : ''}.`;
    });
    const line = `${JSON.stringify({ text: sentences.join(' ') })}\n`;
    written += line.length;
    if (!output.write(line)) await once(output, 'drain');
  }
  output.end();
  await once(output, 'finish');
  return documents;
}

async function importInProcess(source: string, folder: string): Promise<z.infer<typeof measurement>> {
  const child = fork(new URL('./lib/import-text-process.ts', import.meta.url), [source, folder], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  let message: unknown;
  child.once('message', (received) => {
    message = received;
  });
  await once(child, 'exit');
  return measurement.parse(message);
}

export const bench: Bench = {
  summary: 'import of text: megabytes a second and memory; 20 MB of text a step (--steps 50: 1 GB)',
  async run(name, { steps, progress }) {
    const folder = await mkdtemp(join(tmpdir(), 'pretext-bench-'));
    try {
      progress('making text');
      const source = join(folder, 'corpus.jsonl');
      const bytes = steps * BYTES_PER_STEP;
      const documents = await writeCorpus(source, bytes);
      progress('importing');
      const measured = await importInProcess(source, join(folder, 'imported'));
      return {
        name,
        threads: availableParallelism(),
        size: { megabytes: bytes / 1e6, documents },
        ...measured,
        seconds: roundTo(measured.seconds, 2),
        processorSeconds: roundTo(measured.processorSeconds, 2),
        megabytesPerSecond: roundTo(measured.megabytesPerSecond, 2),
        peakMegabytes: Math.round(measured.peakMegabytes),
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
