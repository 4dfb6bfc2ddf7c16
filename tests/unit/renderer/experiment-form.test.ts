// @vitest-environment happy-dom
// The form of an experiment while answers of the lab are on their way: what is clicked early is not decided without them.
import { flushPromises, mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import ExperimentForm from '../../../src/renderer/src/features/experiments/ExperimentForm.vue';
import { useExperimentDraft } from '../../../src/renderer/src/features/experiments/experiment-draft.ts';
import { labKey } from '../../../src/renderer/src/composables/use-lab.ts';
import type { LabClient } from '../../../src/shared/contract/index.ts';

const task = {
  ...{ type: 'masked-words', title: 'Masked words', summary: '', kind: 'pretext', data: ['text-corpus'] },
  ...{ optionsSchema: {}, presets: [], pairs: false },
};

describe('the form of an experiment', () => {
  beforeEach(() => {
    setActivePinia(createPinia());
  });

  it('suggests with the fitting data, also where a task is chosen before the list of data has arrived', async () => {
    const lists: ((answer: unknown) => void)[] = [];
    const suggest = vi.fn(() => Promise.resolve({}));
    const never = (): Promise<never> => new Promise(() => undefined);
    const lab = {
      registry: { tasks: () => Promise.resolve([task]), inputs: never, presets: never },
      materials: { list: () => new Promise((resolve) => lists.push(resolve)) },
      runs: { list: never },
      models: { list: never },
      pipelines: { list: never },
      experiments: { suggest, schema: never },
    } as unknown as LabClient; // only what the form asks for
    useExperimentDraft().open({ task: 'next-word', data: 'stories' });
    const form = mount(ExperimentForm, {
      props: { problems: [], settings: [], recipe: null },
      global: { provide: { [labKey as symbol]: lab }, stubs: { RouterLink: true } },
    });
    await flushPromises();
    await form.find('input[value="masked-words"]').trigger('change');
    await flushPromises();
    expect(suggest).not.toHaveBeenCalled();
    for (const arrive of lists) {
      arrive({ materials: [{ group: 'corpora', name: 'stories', kind: 'text-corpus' }] });
    }
    await flushPromises();
    expect(suggest).toHaveBeenCalledWith({ task: 'masked-words', data: 'stories' });
    form.unmount();
  });
});
