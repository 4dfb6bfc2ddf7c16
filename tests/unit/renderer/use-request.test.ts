// @vitest-environment happy-dom
// Questions to the lab: only the latest answer counts, what nobody waits for is cancelled, changes ask again.
import { flushPromises, mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, it } from 'vitest';
import { defineComponent, nextTick, ref } from 'vue';
import type { RequestHandle } from '../../../src/renderer/src/composables/use-request.ts';
import { useRequest } from '../../../src/renderer/src/composables/use-request.ts';
import { labKey } from '../../../src/renderer/src/composables/use-lab.ts';
import { useChangesStore } from '../../../src/renderer/src/stores/changes.ts';
import type { LabClient } from '../../../src/shared/contract/index.ts';
import { LabError } from '../../../src/shared/errors.ts';

interface Asked {
  readonly input: string;
  readonly aborted: () => boolean;
  answer(value: string): void;
  fail(error: Error): void;
}

function setUp() {
  const asked: Asked[] = [];
  const input = ref<string | undefined>('first');
  let handle: RequestHandle<string> | undefined;
  const wrapper = mount(
    defineComponent({
      setup() {
        handle = useRequest(
          () => input.value,
          (_lab, given, { signal }) =>
            new Promise<string>((resolve, reject) => {
              asked.push({ input: given, aborted: () => signal?.aborted ?? false, answer: resolve, fail: reject });
            }),
          { refreshOn: ['runs'] },
        );
        return () => null;
      },
    }),
    { global: { provide: { [labKey as symbol]: {} as LabClient } } },
  );
  return { asked, input, wrapper, handle: handle! };
}

describe('useRequest', () => {
  beforeEach(() => {
    setActivePinia(createPinia());
  });

  it('shows the latest answer only, and cancels the one before', async () => {
    const { asked, input, handle } = setUp();
    input.value = 'second';
    await nextTick();
    expect(asked.map((one) => [one.input, one.aborted()])).toEqual([
      ['first', true],
      ['second', false],
    ]);
    asked[1]!.answer('two');
    await flushPromises();
    asked[0]!.answer('one');
    await flushPromises();
    expect([handle.data.value, handle.loading.value]).toEqual(['two', false]);
  });

  it('keeps the old answer while a new one is on its way, and when that fails', async () => {
    const { asked, handle } = setUp();
    asked[0]!.answer('one');
    await flushPromises();
    useChangesStore().bump(['runs']);
    await nextTick();
    expect([asked.length, handle.data.value, handle.loading.value]).toEqual([2, 'one', true]);
    asked[1]!.fail(new LabError('not-found', 'It is gone'));
    await flushPromises();
    expect([handle.data.value, handle.error.value?.message]).toEqual(['one', 'It is gone']);
  });

  it('asks nothing when there is nothing to ask, and nothing of parts it does not read', async () => {
    const { asked, input, handle } = setUp();
    asked[0]!.answer('one');
    await flushPromises();
    useChangesStore().bump(['materials']);
    await nextTick();
    expect(asked.length).toBe(1);
    input.value = undefined;
    await nextTick();
    expect([asked.length, handle.data.value]).toEqual([1, undefined]);
  });

  it('cancels when its component goes', () => {
    const { asked, wrapper } = setUp();
    wrapper.unmount();
    expect(asked[0]!.aborted()).toBe(true);
  });
});
