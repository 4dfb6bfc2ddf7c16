/** What a person should know of an imported text model. */
import { plural } from '../../../../shared/display.ts';
import type { TextTokenizer } from '../../../data/tokenizer/tokenizer.ts';
import { architectureOf } from '../../config.ts';
import type { Recognition } from '../../family.ts';
import type { ModelSource } from '../../source.ts';

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
  if (padding > 0) {
    notes.push(
      `${plural(padding, 'row of the token table belongs', 'rows of the token table belong')} to no token and ${padding === 1 ? 'was' : 'were'} left out`,
    );
  }
  return notes;
}

/** What is recognised of a text model: its title, its architecture, and the heads whose tensors are there. */
export async function textRecognition(
  source: ModelSource,
  title: string,
  heads: readonly (readonly [title: string, tensor: string])[],
): Promise<Recognition> {
  const { entries } = await source.tensors();
  const found = heads.filter(([, tensor]) => entries.has(tensor)).map(([head]) => head);
  return {
    title,
    facts: [
      ['architecture', architectureOf(source) ?? 'not said'],
      ['heads in the file', found.length > 0 ? found.join(', ') : 'none'],
    ],
  };
}
