// Messages that offer something: the offer is taken up once, and when it comes too late, that is said.
import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { useToastStore } from '../../../src/renderer/src/stores/toasts.ts';

describe('an offer of a message', () => {
  beforeEach(() => {
    setActivePinia(createPinia());
  });

  it('is taken up once', async () => {
    const toasts = useToastStore();
    const run = vi.fn();
    toasts.show({ severity: 'success', title: 'The run is archived', offer: { label: 'Undo', run } });
    const id = toasts.all[0]?.id ?? 0;
    await toasts.accept(id);
    await toasts.accept(id);
    expect(run).toHaveBeenCalledTimes(1);
    expect(toasts.open).toEqual([]);
  });

  it('that cannot be kept any more says why', async () => {
    const toasts = useToastStore();
    const run = async () => Promise.reject(new Error('There is no run words-abcde. It may have been deleted'));
    toasts.show({ severity: 'success', title: 'The run is archived', offer: { label: 'Undo', run } });
    await toasts.accept(toasts.all[0]?.id ?? 0);
    expect(toasts.open).toMatchObject([
      { severity: 'error', title: 'Undo: that did not work', message: expect.stringContaining('deleted') as string },
    ]);
  });
});
