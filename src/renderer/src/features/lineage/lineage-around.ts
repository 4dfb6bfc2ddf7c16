/** What one node came of and what came of it, out of the lineage of everything. */
import type { Lineage, LineageNode } from '../../../../shared/contract/models.ts';

/** Of those that came of it, directly and later. */
const mostDescendants = 8;

export interface LineageAround {
  readonly lineage: Lineage;
  readonly node: LineageNode;
  /** Things that came of it and are left out, because they are many. */
  readonly more: number;
  /** `stories → words → this run → gains, words-onnx`. */
  readonly words: string;
}

/** Undefined for a run that neither took weights nor gave any. */
export function lineageAround(whole: Lineage, run: string): LineageAround | undefined {
  const node = whole.nodes.find(({ kind, runs }) => kind === 'run' && runs.includes(run));
  if (!node) return undefined;
  const before = reached(node.id, (id) => whole.edges.flatMap(({ from, to }) => (to === id ? [from] : [])));
  const after = reached(node.id, (id) => whole.edges.flatMap(({ from, to }) => (from === id ? [to] : [])));
  const shown = new Set([...before, node.id, ...[...after].slice(0, mostDescendants)]);
  const titleOf = (id: string): string => whole.nodes.find((one) => one.id === id)?.title ?? '';
  const children = [...new Set(whole.edges.flatMap(({ from, to }) => (from === node.id ? [titleOf(to)] : [])))];
  return {
    node,
    words: [
      ...[...before].reverse().map(titleOf),
      node.runs.length > 1 ? 'runs like this' : 'this run',
      ...(children.length === 0 ? [] : [named(children)]),
    ].join(' → '),
    more: Math.max(0, after.size - mostDescendants),
    lineage: {
      nodes: whole.nodes.filter(({ id }) => shown.has(id)),
      edges: whole.edges.filter(({ from, to }) => shown.has(from) && shown.has(to)),
      alone: 0,
    },
  };
}

/** In a line. */
const mostNamed = 3;

function named(titles: readonly string[]): string {
  const more = titles.length - mostNamed;
  return `${titles.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`;
}

/** Nearest first. */
function reached(start: string, next: (id: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (let ids = next(start); ids.length > 0; ids = ids.flatMap(next).filter((id) => !found.has(id))) {
    for (const id of ids) if (id !== start) found.add(id);
  }
  return found;
}
