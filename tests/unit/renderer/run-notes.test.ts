// @vitest-environment happy-dom
// Notes on a run that trains: the page is told of the run all the time, and what is being written must not be touched by that.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import RunNotes from '../../../src/renderer/src/features/runs/RunNotes.vue';

function mounted(save: (id: string, notes: string) => Promise<boolean>, notes = '') {
  return mount(RunNotes, { props: { id: 'words-abcde', notes, save } });
}

/** Keys alone: `setValue` would leave the field as well. */
async function type(wrapper: ReturnType<typeof mounted>, text: string): Promise<void> {
  const field = wrapper.get('textarea');
  field.element.value = text;
  await field.trigger('input');
}

describe('the notes of a run', () => {
  it('are one button until they are written', async () => {
    const wrapper = mounted(async () => Promise.resolve(true));
    expect(wrapper.get('label').element.style.display).toBe('none');
    await wrapper.get('button').trigger('click');
    expect(wrapper.get('label').element.style.display).toBe('');
    expect(wrapper.find('button').exists()).toBe(false);
    expect(
      mounted(async () => Promise.resolve(true), 'first')
        .get('label')
        .isVisible(),
    ).toBe(true);
  });

  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('stay as they are written while the run goes on, and are saved after a pause', async () => {
    const save = vi.fn(async () => Promise.resolve(true));
    const wrapper = mounted(save);
    const field = wrapper.get('textarea');
    await type(wrapper, 'a larger');
    await wrapper.setProps({ notes: '', save: async (...given: Parameters<typeof save>) => save(...given) }); // told anew
    wrapper.vm.$forceUpdate();
    await flushPromises();
    expect(field.element.value).toBe('a larger');
    expect(wrapper.get('[role=status]').text()).toBe('not saved yet');
    await type(wrapper, 'a larger network');
    await vi.advanceTimersByTimeAsync(2000);
    expect(save.mock.calls).toEqual([['words-abcde', 'a larger network']]);
    expect(wrapper.get('[role=status]').text()).toBe('');
  });

  it('show what another window wrote, but not over what is written here', async () => {
    const wrapper = mounted(async () => Promise.resolve(true), 'first');
    await wrapper.setProps({ notes: 'from elsewhere' });
    expect(wrapper.get('textarea').element.value).toBe('from elsewhere');
    await type(wrapper, 'mine');
    await wrapper.setProps({ notes: 'elsewhere again' });
    expect(wrapper.get('textarea').element.value).toBe('mine');
  });

  it('are saved with the page, and again when they could not be', async () => {
    const save = vi.fn(async () => Promise.resolve(save.mock.calls.length > 1));
    const wrapper = mounted(save);
    await type(wrapper, 'kept');
    await wrapper.get('textarea').trigger('change');
    await flushPromises();
    expect(wrapper.get('[role=status]').text()).toBe('not saved yet');
    wrapper.unmount();
    expect(save.mock.calls).toEqual([
      ['words-abcde', 'kept'],
      ['words-abcde', 'kept'],
    ]);
  });

  it('that are written while others are saved follow them', async () => {
    const answers: ((done: boolean) => void)[] = [];
    const save = vi.fn(async () => new Promise<boolean>((resolve) => answers.push(resolve)));
    const wrapper = mounted(save);
    await type(wrapper, 'one');
    await wrapper.get('textarea').trigger('change');
    await type(wrapper, 'one and two');
    await wrapper.get('textarea').trigger('change');
    expect(save).toHaveBeenCalledTimes(1);
    answers[0]?.(true);
    await flushPromises();
    expect(save.mock.calls.at(-1)).toEqual(['words-abcde', 'one and two']);
  });
});
