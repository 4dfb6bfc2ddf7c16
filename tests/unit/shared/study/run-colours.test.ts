// Colours of runs that are compared: pretrained and from scratch have the two that they have everywhere, nothing else has.
import { describe, expect, it } from 'vitest';
import type { ColouredRun } from '../../../../src/shared/study/run-colours.ts';
import { groupSeries, runSeries } from '../../../../src/shared/study/run-colours.ts';

const run = (id: string, from: string | null, more: Partial<ColouredRun> = {}): ColouredRun => ({
  ...{ id, from, task: 'text-classification', taskKind: 'supervised', data: 'mails', method: 'training' },
  ...more,
});
const [pretrained, scratch] = [0, 1];

describe('compared runs', () => {
  it('have the colours of their sides in whatever order, and dashes within a side', () => {
    const runs = [run('s1', null), run('p1', 'run words'), run('p2', 'run words'), run('s2', null)];
    for (const order of [runs, runs.toReversed()]) {
      const styles = runSeries(order);
      expect(order.map(({ id }) => styles.get(id)?.series)).toEqual(
        order.map(({ id }) => (id.startsWith('p') ? pretrained : scratch)),
      );
      for (const side of ['p', 's']) {
        const rounds = order.flatMap(({ id }) => (id.startsWith(side) ? [styles.get(id)?.round] : []));
        expect(rounds).toEqual([0, 1]);
      }
    }
  });

  it.each([
    ['of one side only', [run('a', 'run words'), run('b', 'run words')]],
    ['on other data', [run('a', 'run words'), run('b', null, { data: 'reviews' })]],
    ['that pretrain', [run('a', null, { taskKind: 'pretext' }), run('b', 'run words', { taskKind: 'pretext' })]],
    ['without a network', [run('a', 'run words'), run('b', null, { method: 'baseline' })]],
  ])('%s have neither of the two', (_, runs) => {
    const series = [...runSeries(runs).values()].map((style) => style.series);
    expect(series).toEqual([2, 3]);
  });

  it('from other weights, and with other methods, have colours apart from the two sides', () => {
    const runs = [
      run('frozen', 'run words', { method: 'frozen-features' }),
      run('pretrained', 'run words'),
      run('imported', 'model minilm'),
      run('scratch', null),
      run('baseline', null, { method: 'baseline' }),
    ];
    expect([...runSeries(runs)].map(([id, { series }]) => [id, series])).toEqual([
      ['frozen', 2],
      ['pretrained', pretrained],
      ['imported', 3],
      ['scratch', scratch],
      ['baseline', 4],
    ]);
  });

  it('come round to the same colours without the two sides', () => {
    const runs = Array.from({ length: 8 }, (_, index) => run(String(index), null, { taskKind: 'pretext' }));
    expect([...runSeries(runs).values()]).toEqual(
      [2, 3, 4, 5, 6, 7, 2, 3].map((series, index) => ({ series, round: index < 6 ? 0 : 1 })),
    );
  });

  it('in groups have the colour of a side where there are runs of one side alone', () => {
    const runs = [run('p', 'run words'), run('s', null), run('f', 'run words', { method: 'frozen-features' })];
    const series = (...groups: string[][]) => groupSeries(runs, groups).map((style) => style.series);
    expect(series(['p', 'f'], ['s'])).toEqual([pretrained, scratch]);
    expect(series(['s'], ['p'], ['f'])).toEqual([scratch, pretrained, 2]);
    expect(series(['p', 's'], ['f'])).toEqual([2, 3]);
  });
});
