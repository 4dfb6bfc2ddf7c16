// @vitest-environment happy-dom
// Small decisions of the pages: names where there is little room, ticks, pairs, answers over time, links that look like buttons.
import { mount } from '@vue/test-utils';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRouter, createMemoryHistory } from 'vue-router';
import { formatTick } from '../../../src/renderer/src/charts/time-axis.ts';
import { valueTicks } from '../../../src/shared/value-ticks.ts';
import AppButton from '../../../src/renderer/src/components/AppButton.vue';
import ContentItem from '../../../src/renderer/src/components/ContentItem.vue';
import RunName from '../../../src/renderer/src/components/RunName.vue';
import { shortNames } from '../../../src/renderer/src/components/short-names.ts';
import { pairField } from '../../../src/renderer/src/features/compare/pair-field.ts';
import { parallelAxis } from '../../../src/renderer/src/charts/parallel/parallel-axis.ts';
import { parallelAxes } from '../../../src/renderer/src/features/compare/parallel-axes.ts';
import { alignedColumns, answerAt, chosenColumns } from '../../../src/renderer/src/features/runs/run-samples.ts';
import { headlineMetric } from '../../../src/renderer/src/features/runs/run-state.ts';
import { picturesIn } from '../../../src/main/work/validation-examples.ts';

describe('names', () => {
  it('leave out what all begin with, up to a dot or a dash', () => {
    const names = shortNames(['mails.50-labels.pretrained.1-ab', 'mails.50-labels.scratch.1-cd']);
    expect([...names.values()]).toEqual(['…pretrained.1-ab', '…scratch.1-cd']);
    expect([...shortNames(['one', 'two']).values()]).toEqual(['one', 'two']);
    expect([...shortNames(['alone-in.the-list']).values()]).toEqual(['alone-in.the-list']);
  });

  it('of runs of a study are fields: label budget, arm and seed, before the study, which may give way', () => {
    const wrapper = mount(RunName, {
      props: { name: 'mails.50-labels.scratch.1', id: 'mails.50-labels.scratch.1-x7' },
    });
    expect(wrapper.findAll('.field').map((field) => field.text())).toEqual(['50 labels', 'scratch', 'seed 1']);
    expect(wrapper.get('.head').text()).toBe('mails');
    expect(wrapper.attributes('title')).toBe('mails.50-labels.scratch.1-x7');
    expect(mount(RunName, { props: { name: 'words.v2', id: 'words.v2-x7' } }).text()).toBe('words.v2-x7');
  });
});

describe('ticks', () => {
  it('are round, within the range and exact decimals', () => {
    expect(valueTicks(0.43, 0.91, 6)).toEqual([0.5, 0.6, 0.7, 0.8, 0.9]);
    expect(valueTicks(-0.13, 0.22, 4)).toEqual([-0.1, 0, 0.1, 0.2]);
    expect(valueTicks(1200, 9800, 5)).toEqual([2000, 4000, 6000, 8000]);
    expect(valueTicks(1, 1, 5)).toEqual([1]);
  });

  it('are three at least, where an axis has room for them', () => {
    expect(valueTicks(0.265, 0.397, 6)).toEqual([0.28, 0.3, 0.32, 0.34, 0.36, 0.38]);
    expect(valueTicks(0.9, 2.1, 3)).toEqual([1, 1.5, 2]);
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        (low, size) => {
          expect(valueTicks(low, low + size, 6).length).toBeGreaterThanOrEqual(3);
        },
      ),
    );
  });

  it('have the digits that tell them apart', () => {
    const ticks = [0.69312, 0.69314, 0.69316];
    expect(new Set(ticks.map((tick) => formatTick(tick, ticks))).size).toBe(3);
    expect(formatTick(0.5, [0.5, 1])).toBe('0.5');
  });
});

describe('pairs', () => {
  const field = (name: string, distinct: number) => ({ field: name, title: name, distinct });

  it('are made by where runs start from, before what else differs, and never by seed', () => {
    const fields = [
      field('seed', 3),
      field('spec.splitSeed', 3),
      field('spec.training.steps', 2),
      field('spec.from.run', 2),
    ];
    expect(pairField('', fields).field).toBe('spec.from.run');
    expect(pairField('', fields.slice(0, 3)).field).toBe('spec.training.steps');
    expect(pairField('', fields.slice(0, 2)).field).toBe('name');
    expect(pairField('spec.training.steps', fields).field).toBe('spec.training.steps');
  });

  it('show a missing setting as a value, and settings that go together once', () => {
    expect(parallelAxis('from', 'from', ['words', null])?.places).toEqual([1, 0]);
    const compared = {
      runs: [],
      same: 0,
      differences: [
        { field: 'spec.seed', title: 'seed', values: [1, 2] },
        { field: 'spec.splitSeed', title: 'splitSeed', values: [1, 2] },
      ],
      results: [],
    };
    expect(parallelAxes(compared, []).map(({ key }) => key)).toEqual(['spec.seed']);
  });
});

describe('answers over the training', () => {
  const answer = (label: string, probability: number) => [{ question: '[MASK1]', choices: [{ label, probability }] }];
  const example = { truth: ['store'], answers: [answer('the', 0.1), answer('store', 0.6)] };

  it('are right when the likeliest is the truth, and say how likely the truth was', () => {
    expect(answerAt(example, 0, 0)).toMatchObject({ label: 'the', right: false, truthProbability: 0 });
    expect(answerAt(example, 1, 0)).toMatchObject({ label: 'store', right: true, truthProbability: 0.6 });
    expect(answerAt(example, 5, 0)).toMatchObject({ label: '–', right: false });
  });

  it('of alignments say how many pairs are right, column by column', () => {
    const truth = 'MK-V\nMKLV';
    const said = 'MKV-\nMKLV';
    expect(alignedColumns(said, truth).map(({ right }) => right)).toEqual([true, true, false, null]);
    expect(alignedColumns(truth, truth).map(({ right }) => right)).toEqual([true, true, null, true]);
    const rows = { question: 'alignment', kind: 'alignment', choices: [{ label: said, probability: 2 / 3 }] };
    expect(answerAt({ truth: [truth], answers: [[rows]] }, 0, 0)).toMatchObject({
      label: expect.stringContaining('67'),
      right: false,
      truthProbability: 2 / 3,
      words: said,
    });
  });

  it('have as many columns as fit, with the first, the last and the chosen one', () => {
    expect(chosenColumns(4, 8, 1)).toEqual([0, 1, 2, 3]);
    const columns = chosenColumns(100, 8, 13);
    expect(columns).toHaveLength(9);
    expect(columns).toEqual(expect.arrayContaining([0, 13, 99]));
    expect(columns).toEqual(columns.toSorted((one, other) => one - other));
  });

  it('show every picture of a batch that holds several, such as a patch and its neighbour', () => {
    const pair = Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(picturesIn({ image: pair, labels: Int32Array.of(3) }, 4).map((one) => [...one])).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]);
    expect(picturesIn({ weights: Float32Array.of(1) }, 4)).toEqual([]);
  });

  it('show pictures at a size that can be seen', () => {
    const item = { kind: 'image', picture: { width: 30, height: 15, url: 'data:image/png;base64,' } } as const;
    expect(
      mount(ContentItem, { props: { item, side: 120 } })
        .get('img')
        .attributes(),
    ).toMatchObject({ width: '120', height: '60' });
    expect(mount(ContentItem, { props: { item } }).get('img').attributes('width')).toBe('30');
  });
});

describe('the chief result of a run', () => {
  it('is one that says something by itself, where checkpoints are chosen by the loss', () => {
    const selection = { metric: 'loss', direction: 'minimise', best: 0.4, step: 10 } as const;
    expect(headlineMetric({ selection, metrics: { 'test.loss': 0.5, 'test.accuracy': 0.9 } })).toEqual({
      name: 'accuracy',
      value: 0.9,
      split: 'test',
    });
    expect(headlineMetric({ selection, metrics: { 'test.loss': 0.5 } })).toMatchObject({ name: 'loss', value: 0.5 });
    expect(headlineMetric({ selection, metrics: {} })).toMatchObject({ name: 'loss', value: 0.4, split: 'validation' });
  });
});

describe('a button that leads to a page', () => {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/there', component: { render: () => null } }],
  });
  const global = { plugins: [router] };

  it('is a link, and a button that cannot be pressed where it leads nowhere yet', () => {
    const link = mount(AppButton, { props: { to: '/there' }, slots: { default: () => 'Go' }, global });
    expect(link.get('a').attributes('href')).toBe('/there');
    const disabled = mount(AppButton, {
      props: { to: '/there', disabled: true },
      slots: { default: () => 'Go' },
      global,
    });
    expect(disabled.find('a').exists()).toBe(false);
    expect(disabled.get('button').attributes('disabled')).toBeDefined();
  });
});
