/**
 * How much of a text a tokenizer keeps: the text is encoded and decoded, and the characters are counted that come back, by
 * script. White space does not count, and upper case counts as lower case.
 */
import type { TextTokenizer } from './tokenizer.ts';
import { scriptOf } from './writing-systems.ts';

export interface ScriptRoundTrip {
  readonly script: string;
  readonly characters: number;
  /** How many of them come back. */
  readonly kept: number;
}

const BLANKS = /\s+/gu;

function countCharacters(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const character of text.normalize('NFC').toLowerCase().replace(BLANKS, '')) {
    counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return counts;
}

export class RoundTrip {
  private readonly tokenizer: TextTokenizer;
  private readonly scripts = new Map<string, { characters: number; kept: number }>();

  constructor(tokenizer: TextTokenizer) {
    this.tokenizer = tokenizer;
  }

  add(text: string): void {
    const { tokenizer, scripts } = this;
    const ids = tokenizer.encode(text, { recogniseSpecial: false });
    const back = countCharacters(tokenizer.decode(ids.filter((id) => id !== tokenizer.special.unknown)));
    for (const [character, count] of countCharacters(text)) {
      const script = scriptOf(character);
      const sums = scripts.get(script) ?? { characters: 0, kept: 0 };
      sums.characters += count;
      sums.kept += Math.min(count, back.get(character) ?? 0);
      scripts.set(script, sums);
    }
  }

  /** The scripts with most characters first. */
  result(): ScriptRoundTrip[] {
    return [...this.scripts]
      .map(([script, { characters, kept }]) => ({ script, characters, kept }))
      .sort((a, b) => b.characters - a.characters);
  }
}
