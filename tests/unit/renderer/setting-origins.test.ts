// @vitest-environment happy-dom
// What the form of an experiment shows of a recipe.
import { mount } from '@vue/test-utils';
import { describe, expect, it } from 'vitest';
import SettingOrigins from '../../../src/renderer/src/features/experiments/SettingOrigins.vue';
import { recipeDefaults } from '../../../src/renderer/src/features/experiments/spec-draft.ts';

const settings = [
  { path: ['task', 'maskProbability'], value: 0.3, origin: 'recipe' },
  { path: ['training', 'steps'], value: 10, origin: 'spec' },
  { path: ['training', 'optimizer', 'type'], value: 'adamw', origin: 'recipe' },
  { path: ['training', 'optimizer', 'beta2'], value: 0.98, origin: 'recipe' },
  { path: ['training', 'optimizer', 'clipNorm'], value: 1, origin: 'default' },
  { path: ['training', 'logEvery'], value: 10, origin: 'default' },
] as const;
const views = settings.map((setting) => ({ ...setting, path: [...setting.path] }));

describe('a recipe in the form', () => {
  it('is the default of empty controls, with all members of what it touches', () => {
    expect(recipeDefaults(views, 'task')).toEqual({ maskProbability: 0.3 });
    expect(recipeDefaults(views, 'training')).toEqual({ optimizer: { type: 'adamw', beta2: 0.98, clipNorm: 1 } });
  });

  it('is named beside every value that is its own', () => {
    const text = (recipe: string | null): string[] =>
      mount(SettingOrigins, { props: { settings: views, recipe } })
        .findAll('tbody tr')
        .map((row) => row.findAll('td').map((cell) => cell.text()).join(' | ')); // prettier-ignore
    expect(text('modern-tiny for masked-words')[0]).toBe(
      'task.maskProbability | 0.3 | recipe of modern-tiny for masked-words',
    );
    expect(text(null)[1]).toBe('training.steps | 10 | this experiment');
    expect(text(null)[5]).toBe('training.logEvery | 10 | default');
  });
});
