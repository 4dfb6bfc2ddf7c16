/** A source without the entries whose labels cannot be what they are to be, such as words where numbers are wanted. */
import type { LabelFormat } from '../../../shared/spec/label-format.ts';
import { labelColumnsOf, problemOfLabel } from '../import/label-format.ts';
import type { ImageSource } from './source.ts';

/** @param labelColumn what labels are called, of a table its column */
export function checkedSource(source: ImageSource, labels: LabelFormat, labelColumn: string): ImageSource {
  if (labels.kind === 'classes') return source; // whoever takes them says what is missing
  const columns = labelColumnsOf(labelColumn, labels);
  return {
    ...source,
    async *entries(signal) {
      for await (const entry of source.entries(signal)) {
        const message = 'unusable' in entry ? undefined : problemOfLabel(entry.label ?? '', labels, columns);
        if (message === undefined) yield entry;
        else {
          yield { path: entry.path, unusable: { reason: 'no-label', message }, ...(entry.row && { row: entry.row }) };
        }
      }
    },
  };
}
