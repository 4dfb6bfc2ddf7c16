/**
 * What the voice of the speech demo is trained on: digits in a row and short sentences, spoken by one voice of Debian's espeak-ng.
 * The sequences of digits of validation and test are never spoken in training.
 */
import { randomStream } from '../../../../shared/random.ts';

export const digitWords = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

const subjects = ['the train', 'the ferry', 'our bus', 'the last tram', 'my sister', 'the night shift', 'the choir'];
const verbs = ['leaves', 'arrives', 'stops', 'starts', 'returns', 'waits'];
const places = [
  'at the harbour',
  'in the old town',
  'near the bridge',
  'by the river',
  'at platform',
  'behind the mill',
];
const times = ['before noon', 'at dawn', 'after dark', 'every monday', 'on a friday', 'in the evening'];
const amounts = ['eleven', 'twelve', 'thirteen', 'fifteen', 'twenty', 'thirty', 'forty two', 'sixty', 'a hundred'];
const goods = ['apples', 'letters', 'green bottles', 'lamps', 'chairs', 'boxes of tea', 'long ropes', 'white sails'];
const actions = ['bring', 'count', 'carry', 'pack', 'send', 'show me'];

export interface Phrase {
  readonly text: string;
  /** As digits, of a sequence of them. */
  readonly digits?: string;
}

export type PhraseSide = 'train' | 'validation' | 'test';

/** Different phrases: sequences of one to four digits, and in training one sentence for two of them. */
export function spokenPhrases(counts: Readonly<Record<PhraseSide, number>>): Record<PhraseSide, Phrase[]> {
  const stream = randomStream(23, 5);
  const pick = (list: readonly string[]): string => list[stream.integer(list.length)]!; // none is empty
  const used = new Set<string>();
  const fresh = (draw: () => Phrase): Phrase => {
    for (;;) {
      const phrase = draw();
      if (used.has(phrase.text)) continue;
      used.add(phrase.text);
      return phrase;
    }
  };
  const sequence = (least: number): Phrase => {
    const digits = Array.from({ length: least + stream.integer(5 - least) }, () => stream.integer(10));
    return { text: digits.map((digit) => digitWords[digit]!).join(' '), digits: digits.join('') };
  };
  const sentence = (): Phrase => {
    const kind = stream.integer(3);
    if (kind === 0) return { text: `${pick(subjects)} ${pick(verbs)} ${pick(times)}` };
    if (kind === 1) return { text: `${pick(actions)} ${pick(amounts)} ${pick(goods)}` };
    const place = pick(places);
    return { text: `${pick(verbs)} ${place}${place.endsWith('platform') ? ` ${pick(digitWords)}` : ''}` };
  };
  // The held-out ones first, so that none of them is left over from the training.
  const test = Array.from({ length: counts.test }, () => fresh(() => sequence(2)));
  const validation = Array.from({ length: counts.validation }, () => fresh(() => sequence(2)));
  const train = Array.from({ length: counts.train }, (_, index) =>
    fresh(index % 3 === 2 ? sentence : () => sequence(1)),
  );
  return { train, validation, test };
}
