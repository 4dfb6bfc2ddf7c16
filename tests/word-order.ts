/**
 * Pairs of sentences with the same words in another order and the opposite meaning, after "Machine learning class was bad, not
 * ok at all" and "… was ok, not bad at all": no bag of words can tell them apart, a recurrent network can.
 */
import { randomStream } from '../src/shared/random.ts';

export interface WordOrderSentence {
  readonly text: string;
  readonly label: 'good' | 'bad';
  /** The same for the two sentences of a pair, which belong on the same side of a split. */
  readonly group: string;
}

const things = [
  'machine learning class',
  'the film',
  'our lunch',
  'the concert',
  'her new book',
  'the hotel',
  'this game',
  'the weather',
];
const praise = ['ok', 'good', 'great', 'pleasant', 'wonderful', 'fine'];
const blame = ['bad', 'poor', 'awful', 'boring', 'terrible', 'dull'];
const beginnings = ['', 'yesterday ', 'i think ', 'they say '];
const verbs = ['was', 'is', 'seemed'];
/** With the better word first the sentence praises. */
const forms = [
  (thing: string, verb: string, a: string, b: string): string => `${thing} ${verb} ${a}, not ${b} at all`,
  (thing: string, verb: string, a: string, b: string): string => `${thing} ${verb} ${a} and never ${b}`,
  (thing: string, verb: string, a: string, b: string): string => `${thing} ${verb} ${a} instead of ${b}`,
];

/** The two sentences of the lecture. */
export const wordOrderExample: readonly WordOrderSentence[] = [
  { text: 'Machine learning class was bad, not ok at all', label: 'bad', group: 'example' },
  { text: 'Machine learning class was ok, not bad at all', label: 'good', group: 'example' },
];

/** `pairs` different pairs, drawn by the seed; at most 10,368. Throws RangeError for more. */
export function wordOrderSentences(pairs: number, seed = 0): WordOrderSentence[] {
  const lists = [beginnings, things, verbs, praise, blame, forms] as const;
  const total = lists.reduce((product, { length }) => product * length, 1);
  if (pairs > total) throw new RangeError(`there are only ${total} different pairs`);
  const stream = randomStream(seed, total);
  const chosen = new Set<number>();
  while (chosen.size < pairs) chosen.add(stream.integer(total));
  return [...chosen].flatMap((number) => {
    let rest = number;
    const index = (length: number): number => {
      const digit = rest % length;
      rest = Math.floor(rest / length);
      return digit;
    };
    const [beginning, thing, verb, good, bad] = [beginnings, things, verbs, praise, blame].map(
      (list) => list[index(list.length)]!,
    );
    const form = forms[rest]!; // what is left of the number
    const sentence = (a: string, b: string): string => `${beginning!}${form(thing!, verb!, a, b)}`;
    const group = String(number);
    return [
      { text: sentence(good!, bad!), label: 'good', group },
      { text: sentence(bad!, good!), label: 'bad', group },
    ];
  });
}
