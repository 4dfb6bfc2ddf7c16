/** Several sources as one: the sides of a split that come as folders or tables of their own. */
import type { TextImportReport } from '../../../shared/spec/manifests/text-import-report.ts';
import type { Side } from '../import/sides.ts';
import type { ImageSource } from './source.ts';

export interface SourcePart {
  readonly source: ImageSource;
  /** Of every entry that does not say its own. */
  readonly side: Side | undefined;
}

/** The entries of all parts, in their order; paths begin with the side. */
export function joinSources(parts: readonly SourcePart[]): ImageSource {
  const [first] = parts;
  if (first !== undefined && parts.length === 1 && first.side === undefined) return first.source;
  return {
    kind: first?.source.kind ?? 'folder',
    path: parts.map(({ source }) => source.path).join(', '),
    async count(signal) {
      let total = 0;
      for (const { source } of parts) total += await source.count(signal);
      return total;
    },
    async *entries(signal) {
      for (const { source, side } of parts) {
        for await (const entry of source.entries(signal)) {
          const path = side === undefined ? entry.path : `${side}/${entry.path}`;
          if ('unusable' in entry) yield { ...entry, path };
          else yield { ...(side !== undefined && { side }), ...entry, path };
        }
      }
    },
    ignored() {
      const all = new Map<string, number>();
      for (const { source } of parts) {
        for (const [kind, count] of source.ignored()) all.set(kind, (all.get(kind) ?? 0) + count);
      }
      return all;
    },
    facts() {
      const all = parts.flatMap(({ source }) => source.facts?.() ?? []);
      const notes: TextImportReport['notes'] = {
        total: all.reduce((sum, part) => sum + part.notes.total, 0),
        listed: all.flatMap((part) => part.notes.listed),
      };
      return { readAs: all.flatMap(({ readAs }) => readAs), notes };
    },
  };
}
