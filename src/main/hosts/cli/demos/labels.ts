/** Labels that are not one class: a number for a text, and any number of words for a picture, each with what needs no network. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emojiWords } from '../../../data/samples/emoji.ts';
import { hasPackage, packageFolder } from '../../../data/samples/package-folder.ts';
import { readingEasePassages } from '../../../data/samples/reading-ease.ts';
import { print } from '../output.ts';
import type { Demo } from './commands.ts';
import { example, heading } from './commands.ts';

const EMOJI = 'emoji-datasource-twitter';

export const labelsDemo: Demo = async ({ pretext, importOnce, sample, sampleFile }, { quick }) => {
  const quickly = (...settings: string[]): string[] => (quick ? settings.flatMap((one) => ['--set', one]) : []);

  heading('Numbers: how easily passages of the Brown corpus are read');
  const passages = await sample('reading-ease', readingEasePassages);
  await importOnce('dataset', 'reading-ease', passages, '--labels', 'numbers', '--group-column', 'document');
  await pretext('run', example('reading-ease.yaml'), ...quickly('training.steps=60'));
  await pretext('predict', 'reading-ease', 'The dog ran to the old man. He had a ball. They sat by the fire.');
  await pretext(
    'predict',
    'reading-ease',
    'Notwithstanding considerable administrative difficulties, the commission recommended comprehensive reorganization.',
  );

  heading('Several labels at once: the words in the names of emoji');
  if (!hasPackage(EMOJI)) {
    print(`Left out: the npm package ${EMOJI}, which has the emoji, is not installed.`);
    return;
  }
  const root = ['--root', packageFolder(EMOJI)];
  await importOnce(
    'dataset',
    'emoji-words',
    await sampleFile('emoji-words.csv', writeWords),
    ...['--images', '--size', '64', '--labels', 'several', ...root],
  );
  await pretext('run', example('emoji-words.yaml'), ...quickly('training.steps=60'));
  const smiling = join(packageFolder(EMOJI), 'img', 'twitter', '64', '1f604.png');
  await pretext('predict', 'emoji-words', smiling);
  await pretext('scores', 'emoji-words', '--class', 'face');
};

async function writeWords(file: string): Promise<void> {
  const rows = (await emojiWords()).map(({ path, words }) => `${path},${words.join(';')}`);
  await writeFile(file, `path,label\n${rows.join('\n')}\n`);
}
