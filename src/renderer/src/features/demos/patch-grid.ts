/** Where the choices of a patch quiz lie around the centre patch, by their names: "top left", "right", "bottom" … */
export interface Cell {
  readonly row: 0 | 1 | 2;
  readonly column: 0 | 1 | 2;
}

/** Undefined unless every choice names a place of its own around the centre. */
export function patchGrid(choices: readonly string[]): ReadonlyMap<string, Cell> | undefined {
  const cells = new Map<string, Cell>();
  const taken = new Set<number>();
  for (const choice of choices) {
    const cell = cellOf(choice);
    if (!cell || taken.has(cell.row * 3 + cell.column)) return undefined;
    taken.add(cell.row * 3 + cell.column);
    cells.set(choice, cell);
  }
  return cells.size > 0 ? cells : undefined;
}

function cellOf(name: string): Cell | undefined {
  const words = name.toLowerCase();
  const row = /top|above|upper|north/u.test(words) ? 0 : /bottom|below|lower|south/u.test(words) ? 2 : 1;
  const column = /left|west/u.test(words) ? 0 : /right|east/u.test(words) ? 2 : 1;
  return row === 1 && column === 1 ? undefined : { row, column };
}
