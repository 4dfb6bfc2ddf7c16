// Columns of a table that is wider than its page.
import { describe, expect, it } from 'vitest';
import { columnsOnPage } from '../../../src/renderer/src/features/compare/column-pages.ts';

const order = [3, 0, 2, 1, 4];

describe('the columns of a page', () => {
  it('are as many as have room, in their order, and all of them are on some page', () => {
    const pages = [0, 1, 2].map((page) => columnsOnPage(order, () => false, 2, page));
    expect(pages.map(({ columns }) => columns)).toEqual([[3, 0], [2, 1], [4]]);
    expect(pages[0]?.pages).toBe(3);
    expect(columnsOnPage(order, () => false, 9, 0)).toEqual({ columns: order, page: 0, pages: 1 });
  });

  it('begin with those that are pinned, on every page', () => {
    const isPinned = (column: number): boolean => column === 2;
    expect([0, 1].map((page) => columnsOnPage(order, isPinned, 3, page).columns)).toEqual([
      [2, 3, 0],
      [2, 1, 4],
    ]);
  });

  it('show one that is not pinned in any case, and a page that is there', () => {
    expect(columnsOnPage(order, (column) => column < 3, 2, 0).columns).toEqual([0, 2, 1, 3]);
    expect(columnsOnPage(order, () => false, 2, 9)).toEqual({ columns: [4], page: 2, pages: 3 });
    expect(columnsOnPage([], () => false, 2, 0)).toEqual({ columns: [], page: 0, pages: 1 });
  });
});
