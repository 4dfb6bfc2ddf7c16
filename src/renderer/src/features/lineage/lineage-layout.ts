/**
 * Where the boxes of a lineage go: origins on the left, what came of them to the right, each one column behind the last thing that it
 * needs; within a column, near what it is connected with. Data has edges only to runs, so there are no circles.
 */
import type { Lineage, LineageNode } from '../../../../shared/contract/models.ts';

export interface PlacedNode {
  readonly node: LineageNode;
  readonly column: number;
  readonly row: number;
  readonly x: number;
  readonly y: number;
  /** Nodes that it came of, and that came of it. */
  readonly parents: readonly LineageNode[];
  readonly children: readonly LineageNode[];
}

export interface LineageLayout {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly {
    readonly path: string;
    readonly what: Lineage['edges'][number]['what'];
    readonly key: string;
  }[];
  readonly width: number;
  readonly height: number;
}

export const box = { width: 208, height: 52, columnGap: 64, rowGap: 14 } as const;

export function layOutLineage({ nodes, edges }: Lineage): LineageLayout {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const sound = edges.filter(({ from, to }) => byId.has(from) && byId.has(to));
  const parentsOf = (id: string) => sound.filter(({ to }) => to === id).map(({ from }) => from);
  const columns = columnsOf(nodes, parentsOf);
  const places = new Map<string, PlacedNode>();
  for (const [column, ids] of columns.entries()) {
    const near = (id: string): number => {
      const rows = parentsOf(id).flatMap((parent) => places.get(parent)?.row ?? []);
      return rows.length === 0 ? Number.POSITIVE_INFINITY : rows.reduce((sum, row) => sum + row, 0) / rows.length;
    };
    const ordered = column === 0 ? ids : ids.toSorted((a, b) => near(a) - near(b) || a.localeCompare(b));
    for (const [row, id] of ordered.entries()) {
      const node = byId.get(id);
      if (!node) continue;
      const found = (others: readonly string[]) => others.flatMap((other) => byId.get(other) ?? []);
      places.set(id, {
        node,
        column,
        row,
        x: column * (box.width + box.columnGap),
        y: row * (box.height + box.rowGap),
        parents: found(parentsOf(id)),
        children: found(sound.filter(({ from }) => from === id).map(({ to }) => to)),
      });
    }
  }
  const placed = [...places.values()];
  return {
    nodes: placed,
    edges: sound.flatMap(({ from, to, what }) => {
      const [start, end] = [places.get(from), places.get(to)];
      return start && end ? [{ key: `${from} ${to}`, what, path: curve(start, end) }] : [];
    }),
    width: Math.max(0, ...placed.map(({ x }) => x + box.width)),
    height: Math.max(0, ...placed.map(({ y }) => y + box.height)),
  };
}

/** Ids by column: one more than the last of what a node comes of. */
function columnsOf(nodes: readonly LineageNode[], parentsOf: (id: string) => readonly string[]): string[][] {
  const depths = new Map<string, number>();
  const depthOf = (id: string, seen: ReadonlySet<string>): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    const parents = parentsOf(id).filter((parent) => !seen.has(parent));
    const depth = Math.max(-1, ...parents.map((parent) => depthOf(parent, new Set([...seen, id])))) + 1;
    depths.set(id, depth);
    return depth;
  };
  const columns: string[][] = [];
  for (const { id } of nodes) (columns[depthOf(id, new Set())] ??= []).push(id);
  return columns;
}

function curve(start: PlacedNode, end: PlacedNode): string {
  const [x1, y1] = [start.x + box.width, start.y + box.height / 2];
  const [x2, y2] = [end.x, end.y + box.height / 2];
  const middle = (x1 + x2) / 2;
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
}

/** Where the arrow keys lead from a node: along the edges, and up and down within its column. */
export function neighbourOf(
  { nodes }: LineageLayout,
  { node, column, row, parents, children }: PlacedNode,
  key: string,
): string | undefined {
  const inColumn = (wanted: number) => nodes.find((other) => other.column === column && other.row === wanted)?.node.id;
  switch (key) {
    case 'ArrowLeft':
      return parents.find(({ id }) => id !== node.id)?.id;
    case 'ArrowRight':
      return children[0]?.id;
    case 'ArrowUp':
      return inColumn(row - 1);
    case 'ArrowDown':
      return inColumn(row + 1);
    default:
      return undefined;
  }
}
