/** Jupyter notebooks (nbformat 3 and 4): the source of their cells, in order. Outputs are results and pictures, not text. */
import { z } from 'zod';
import { SkipFile } from '../../import/skip-file.ts';

const lines = z.union([z.string(), z.array(z.string())]);
const cell = z.looseObject({ source: lines.optional(), input: lines.optional() });
const notebook = z.looseObject({
  cells: z.array(cell).optional(),
  /** Of format 3. */
  worksheets: z.array(z.looseObject({ cells: z.array(cell) })).optional(),
});

/** @throws SkipFile `malformed` for what is no notebook */
export function notebookToText(json: string): string {
  let parsed;
  try {
    parsed = notebook.parse(JSON.parse(json));
  } catch (error) {
    throw new SkipFile('malformed', 'is not a Jupyter notebook', null, error);
  }
  const cells = parsed.cells ?? parsed.worksheets?.flatMap((sheet) => sheet.cells);
  if (cells === undefined) throw new SkipFile('malformed', 'is not a Jupyter notebook: it has no cells');
  return cells
    .map(({ source, input }) => [source ?? input ?? ''].flat().join('').trim())
    .filter((text) => text !== '')
    .join('\n\n');
}
