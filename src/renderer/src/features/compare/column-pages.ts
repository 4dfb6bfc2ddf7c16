/** Which columns of a wide table are seen: as many as have room, those that are pinned on every page. */

export interface ColumnPage {
  /** In the order in which they stand: pinned ones first. */
  readonly columns: readonly number[];
  readonly page: number;
  readonly pages: number;
}

/** @param room how many columns fit; one that is not pinned is seen in any case. */
export function columnsOnPage(
  order: readonly number[],
  isPinned: (column: number) => boolean,
  room: number,
  page: number,
): ColumnPage {
  const pinned = order.filter(isPinned);
  const others = order.filter((column) => !isPinned(column));
  const size = Math.max(1, room - pinned.length);
  const pages = Math.max(1, Math.ceil(others.length / size));
  const within = Math.min(Math.max(0, page), pages - 1);
  return { columns: [...pinned, ...others.slice(within * size, (within + 1) * size)], page: within, pages };
}
