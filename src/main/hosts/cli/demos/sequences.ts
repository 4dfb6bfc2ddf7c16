/**
 * Recurrent networks: a language model and what it is good for beyond continuing texts, lines of handwriting read without being
 * told where a character stands, and how far back errors reach in a simple recurrence and in an LSTM.
 */
import { join } from 'node:path';
import { longMemoryTexts } from '../../../data/samples/long-memory.ts';
import type { Demo } from './commands.ts';
import { example, heading } from './commands.ts';
import { writeDigitLines } from './digit-lines.ts';
import { brownWithoutPassages, genrePassages } from './genres.ts';

export const sequencesDemo: Demo = async ({ folder, pretext, importOnce, sample }, { quick }) => {
  const quickly = (...settings: string[]): string[] => (quick ? settings.flatMap((one) => ['--set', one]) : []);

  heading('Text: the Brown corpus, and of each of its samples one passage with the group of its genre');
  const brown = await sample('brown-without-passages', brownWithoutPassages);
  await importOnce('corpus', 'brown-words', brown, '--vocabulary-size', '4096');
  await importOnce('dataset', 'genres', await sample('genres', genrePassages));

  heading('A language model: which word comes next?');
  await pretext('run', example('next-word.yaml'), ...quickly('training.steps=150', 'training.evaluateEvery=75'));
  await pretext('predict', 'next-word', '--next', 'My dog is very', '--choose', '1,2');
  await pretext('generate', 'next-word', 'The president said', '--top-k', '20', '--temperature', '0.8', '--count', '3');

  heading('Its layers as the beginning of a classifier, against the same network from scratch');
  await pretext('study', example(quick ? 'next-word-transfer-quick.yaml' : 'next-word-transfer.yaml'));

  heading('Lines of handwritten digits, read with CTC');
  const lines = quick ? { train: 1000, validation: 100, test: 200 } : undefined;
  const name = quick ? 'digit-lines-quick' : 'digit-lines';
  const table = await writeDigitLines(join(folder, 'samples', name), lines && { lines });
  await importOnce('dataset', name, table, '--images', '--grey', '--size', '32x192', '--fit', 'stretch');
  await pretext('run', example('digit-lines.yaml'), '--set', `data=${name}`, ...quickly('training.epochs=3'));
  const first = join(folder, 'samples', name, 'test', '00000.png');
  await pretext('predict', 'digit-lines', first, '--top', '3');

  heading('A symbol that has to be remembered: how far do errors reach back?');
  for (const distance of quick ? [10] : [10, 50, 200]) {
    const of = `long-memory-${distance}`;
    const symbols = await sample(of, () =>
      longMemoryTexts(2000, distance).map((text, index) => ({ ...text, name: String(index) })),
    );
    await importOnce('dataset', of, symbols);
    // One vocabulary for all distances: the symbols are the same.
    if (distance === 10) await importOnce('corpus', 'long-memory', symbols, '--tokenizer-kind', 'symbols');
  }
  await pretext('study', example(quick ? 'long-memory-quick.yaml' : 'long-memory.yaml'));
};
