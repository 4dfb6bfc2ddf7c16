// @vitest-environment happy-dom
/** The steps inside a block: what is listed, and which of them can become the end. */
import { mount } from '@vue/test-utils';
import { describe, expect, it } from 'vitest';
import BlockParts from '../../../src/renderer/src/features/pipelines/BlockParts.vue';

const parts = [
  { name: '/stem/Conv_output_0', kind: 'Conv', shape: [6, 5, 6], parameters: 168, canBeChosen: true },
  { name: '/Relu_output_0', kind: 'Relu', shape: [6, 5, 6], parameters: 0, canBeChosen: true },
  { name: '/ArgMax_output_0', kind: 'ArgMax', shape: [5, 6], parameters: 0, canBeChosen: false },
];

describe('the steps inside a block', () => {
  it('tell their shapes, and one of them is chosen by its name', async () => {
    const list = mount(BlockParts, { props: { parts, chosen: '/Relu_output_0' } });
    const rows = list.findAll('tbody tr').map((row) => row.findAll('td').map((cell) => cell.text()));
    expect(rows.map(([, step, shape]) => [step, shape])).toEqual([
      ['Conv/stem/Conv_output_0', '6 × 5 × 6 168'],
      ['Relu/Relu_output_0', '6 × 5 × 6'],
      ['ArgMax/ArgMax_output_0', '5 × 6'],
    ]);
    const choices = list.findAll('input[type=radio]');
    // The compiler knows no DOM here: radio buttons have it.
    const isChecked = (element: unknown): boolean => (element as { readonly checked: boolean }).checked;
    expect(choices.map((choice) => [choice.attributes('disabled'), isChecked(choice.element)])).toEqual([
      [undefined, false],
      [undefined, true],
      ['', false],
    ]); // radio buttons are inputs
    await choices[0]!.trigger('change');
    expect(list.emitted('choose')).toEqual([['/stem/Conv_output_0']]);
  });

  it('are found by kind or name; the chosen one stays', async () => {
    const list = mount(BlockParts, { props: { parts, chosen: '/Relu_output_0' } });
    await list.find('input[type=search]').setValue('conv');
    expect(list.findAll('tbody tr').length).toBe(2);
    await list.find('input[type=search]').setValue('');
    await list.find('input[type=checkbox]').setValue(true);
    expect(list.findAll('tbody tr').length).toBe(2);
  });
});
