/** Copies planted in real text: passages of the Brown corpus within other documents of it, whole, in part, or written otherwise. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTextCorpus, type TextCorpus } from '../../../src/main/data/text/corpus.ts';
import { importTextCorpus } from '../../../src/main/data/text/import-corpus.ts';
import { brownTexts } from '../../../src/main/data/samples/brown.ts';
import type { RandomStream } from '../../../src/shared/random.ts';
import { randomStream } from '../../../src/shared/random.ts';
import type { TrainedTokenizerOptions } from '../../../src/shared/spec/manifests/text-corpus.ts';
import { temporaryFolder } from '../data-text-fixtures.ts';

const share = 0.8;

export const changes = {
  whole: (text: string) => text,
  'first 80 %': (text: string) => {
    const words = text.split(' ');
    return words.slice(0, Math.round(words.length * share)).join(' ');
  },
  'last 80 %': (text: string) => {
    const words = text.split(' ');
    return words.slice(-Math.round(words.length * share)).join(' ');
  },
  'upper case': (text: string) => text.toUpperCase(),
  'no punctuation': (text: string) => text.replace(/[^\p{L}\p{N}\s]/gu, ''),
  'other punctuation': (text: string, random: RandomStream) =>
    text.toLowerCase().replace(/ /g, () => (random.uniform() < 0.2 ? ', ' : ' ')),
  'other white space': (text: string, random: RandomStream) =>
    text.replace(/ /g, () => (random.uniform() < 0.2 ? '\n\n  ' : ' ')),
  'full-width letters': (text: string) =>
    text.replace(/[!-~]/g, (sign) => String.fromCodePoint(sign.codePointAt(0)! + 0xfee0)),
} satisfies Record<string, (text: string, random: RandomStream) => string>;

export type Change = keyof typeof changes;

export interface PlantedCorpus {
  readonly corpus: TextCorpus;
  readonly passages: readonly { readonly text: string; readonly change: Change | undefined }[];
}

/** Every third document is cut into passages of 12 to 400 words, half of which are planted in the others. */
export async function plantTexts(
  documents: number,
  tokenizer: Partial<TrainedTokenizerOptions>,
): Promise<PlantedCorpus> {
  const random = randomStream(5);
  const names = Object.keys(changes) as Change[]; // an object's keys, by its type
  const hosts: string[][] = [];
  const passages: { text: string; change: Change | undefined }[] = [];
  for (const [index, { text }] of [...brownTexts()]
    .filter((_, place) => place % 5 === 0)
    .slice(0, documents)
    .entries()) {
    if (index % 3 !== 0) {
      hosts.push(text.split('\n\n'));
      continue;
    }
    const words = text.split(' ');
    for (let place = 0, length = 0; place < words.length; place += length) {
      length = Math.round(12 * 33 ** random.uniform());
      const part = words.slice(place, place + length);
      if (part.length < 12) continue;
      const change = passages.length % 2 === 0 ? undefined : names[(passages.length >> 1) % names.length];
      passages.push({ text: part.join(' '), change });
    }
  }
  for (const { text, change } of passages) {
    if (!change) continue;
    const host = hosts[random.integer(hosts.length)]!;
    host.splice(random.integer(host.length + 1), 0, changes[change](text, random));
  }
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'text'));
  for (const [index, host] of hosts.entries()) writeFileSync(join(folder, 'text', `${index}.txt`), host.join('\n\n'));
  const destination = join(folder, 'corpus');
  await importTextCorpus({ sources: [join(folder, 'text')], folder: destination, name: 'planted', tokenizer });
  return { corpus: openTextCorpus(destination), passages };
}
