/** What a look at the files already tells that an import would fail with, or make nothing that can be learned. */
import type { ImportRequest, Inspection } from '../../../../shared/contract/materials.ts';

/** Null where nothing speaks against it. */
export function refusalOf(request: ImportRequest, { table, text, images, sounds }: Inspection): string | null {
  if (!request.kind.endsWith('dataset')) return null;
  if (table !== null && 'labelColumn' in request && request.labelColumn !== undefined) {
    const column = table.columns.find(({ name }) => name === request.labelColumn);
    if (!table.complete || column?.distinct !== 1) return null;
    const label = column.values[0]?.name ?? '';
    return `Every row has the label “${label}”, and classes are at least two. Choose another column, or import the file to pretrain on.`;
  }
  if (table !== null) return null;
  const found = request.kind === 'text-dataset' ? text : request.kind === 'image-dataset' ? images : sounds;
  const classes = found?.classes;
  const [only] = classes ?? [];
  if (only === undefined || (classes?.length ?? 0) > 1) return null;
  return `All of it lies in one class, “${only.name}”, and classes are at least two. Choose the folder above it${request.kind === 'audio-dataset' ? '' : ', or import it to pretrain on'}.`;
}
