/** Words and characters of a text that is there as a string. */
import { foldText, mixBits, WORD_END, WORD_MULTIPLIER } from './folded-text.ts';
import type { UnitSink } from './unit-buffer.ts';

/** Appends the units of a text; words end where it ends. */
export function appendTextUnits(text: string, place: number, { words, characters }: UnitSink): void {
  let word = 0;
  let length = 0;
  const finishWord = (): void => {
    if (length > 0) words?.push(mixBits(word), place);
    word = 0;
    length = 0;
  };
  for (const code of foldText(text)) {
    if (code === WORD_END) {
      finishWord();
      continue;
    }
    word = (Math.imul(word, WORD_MULTIPLIER) + code) >>> 0;
    length += 1;
    characters?.push(mixBits(code), place);
  }
  finishWord();
}
