import { describe, expect, it } from 'vitest';
import { namesByBeginning, someAtOnce } from '../../../src/main/files/many.ts';

describe('many things', () => {
  it('are done a few at a time, and answered in their order', async () => {
    let under = 0;
    let most = 0;
    const items = Array.from({ length: 50 }, (_, index) => index);
    const doubled = await someAtOnce(
      items,
      async (item) => {
        most = Math.max(most, (under += 1));
        for (let turn = item % 7; turn >= 0; turn--) await Promise.resolve();
        under -= 1;
        return 2 * item;
      },
      4,
    );
    expect(doubled).toEqual(items.map((item) => 2 * item));
    expect(most).toBe(4);
    expect(await someAtOnce([], () => Promise.reject(new Error('never asked')))).toEqual([]);
  });

  it('are not begun any more after one has failed, and the failure comes when the rest has ended', async () => {
    const begun: number[] = [];
    let ended = 0;
    const work = async (item: number): Promise<void> => {
      begun.push(item);
      await Promise.resolve();
      if (item === 1) throw new Error('one');
      await Promise.resolve();
      ended += 1;
    };
    await expect(someAtOnce([0, 1, 2, 3, 4, 5, 6, 7], work, 3)).rejects.toThrow('one');
    expect(begun).toEqual([0, 1, 2]);
    expect(ended).toBe(2);
  });

  it('are found by how their names begin', () => {
    const of = namesByBeginning(['b-1', 'a-2', 'ab-1', 'a-1', 'é-1', 'a']);
    expect(of('a-')).toEqual(['a-1', 'a-2']);
    expect(of('a')).toEqual(['a', 'a-1', 'a-2', 'ab-1']);
    expect(of('é-')).toEqual(['é-1']);
    expect(of('zz')).toEqual([]);
  });
});
