/** What a person should know of an imported text model. */
import type { TextTokenizer } from '../../../data/tokenizer/tokenizer.ts';

/**
 * @param unused tensors that are weights and were not taken over
 * @param rows of the token table in the file
 */
export function textNotes(unused: readonly string[], tokenizer: TextTokenizer | undefined, rows: number): string[] {
  const notes: string[] = [];
  if (unused.length > 0) {
    const some = unused.slice(0, 4).join(', ');
    const more = unused.length > 4 ? ` and ${String(unused.length - 4)} more` : '';
    notes.push(`Not taken over, because nothing of the lab computes with it: ${some}${more}`);
  }
  if (!tokenizer) {
    notes.push('It came without a tokenizer: experiments that start from it have to name one');
    return notes;
  }
  const padding = rows - tokenizer.vocabularySize;
  if (padding > 0) notes.push(`${String(padding)} rows of the token table belong to no token and were left out`);
  return notes;
}
