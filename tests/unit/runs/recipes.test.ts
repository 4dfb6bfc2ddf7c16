/** What stands in where an experiment is silent, and who gets the last word. */
import { describe, expect, it } from 'vitest';
import { applyRecipe } from '../../../src/main/runs/apply-recipe.ts';
import { parseExperiment, resolveExperiment } from '../../../src/main/runs/experiment.ts';
import { findRecipe } from '../../../src/main/runs/recipes.ts';
import type { SpecSource } from '../../../src/main/runs/spec-file.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { registeredPresets } from '../../../src/main/nn/index.ts';
import { registeredTasks } from '../../../src/main/tasks/index.ts';

const spec = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: 'x',
  data: 'tiny',
  task: 'masked-words',
  pipeline: 'modern-tiny',
  ...more,
});

const trainingOf = (value: unknown): Record<string, unknown> =>
  (applyRecipe(value).value as { training: Record<string, unknown> }).training;

const source = (value: unknown): SpecSource => ({ value, locate: () => 'x' });

describe('a recipe', () => {
  it('fills what is unsaid, in whatever form task and preset are written', () => {
    for (const forms of [
      {},
      { task: { type: 'masked-words' }, pipeline: { preset: 'modern-tiny', options: { dropout: 0 } } },
    ]) {
      const { value, recipe, filled } = applyRecipe(spec(forms));
      expect(recipe?.name).toBe('modern-tiny for masked-words');
      expect(value).toMatchObject({
        task: { type: 'masked-words', maskProbability: 0.3, evaluationMaskProbability: 0.15 },
        training: { learningRate: 0.003, optimizer: { beta2: 0.98 }, schedule: { type: 'wsd', decayFraction: 0.4 } },
      });
      expect([...filled]).toContain('training.schedule.decayFraction');
    }
  });

  it('says nothing where the experiment does', () => {
    expect(trainingOf(spec({ training: { learningRate: 1, optimizer: { beta2: 0.9 } } }))).toMatchObject({
      learningRate: 1,
      optimizer: { type: 'adamw', beta1: 0.9, beta2: 0.9 },
      batchSize: 32,
    });
    const masked = applyRecipe(spec({ task: { type: 'masked-words', maskProbability: 0.2 } }));
    expect(masked.value).toMatchObject({ task: { maskProbability: 0.2, evaluationMaskProbability: 0.15 } });
    expect([...masked.filled]).not.toContain('task.maskProbability');
  });

  it('does not mix the options of two kinds, nor two ways to say the same', () => {
    expect(trainingOf(spec({ training: { schedule: { type: 'cosine' } } })).schedule).toEqual({ type: 'cosine' });
    expect(trainingOf(spec({ training: { optimizer: { type: 'sgd' } } })).optimizer).toEqual({ type: 'sgd' });
    expect(trainingOf(spec({ training: { schedule: { warmupSteps: 5 } } })).schedule).toEqual({
      type: 'wsd',
      warmupSteps: 5,
      decayFraction: 0.4,
    });
  });

  it('is left out where there is none, where a graph of blocks is given, or where it is not wanted', () => {
    const untouched = [
      spec({ pipeline: 'bert-tiny' }),
      spec({ pipeline: { blocks: [] } }),
      spec({ task: 'next-sentence' }),
      spec({ recipe: 'none' }),
      spec({ task: 3, pipeline: null }),
      'no spec at all',
    ];
    for (const value of untouched) expect(applyRecipe(value)).toMatchObject({ value, recipe: undefined });
  });

  it('leaves experiments of BERT what they were', () => {
    const { task, training } = parseExperiment(source(spec({ pipeline: 'bert-tiny' })));
    expect(task).toMatchObject({ maskProbability: 0.15, maximumPredictions: 20, length: 128 });
    expect(task).not.toHaveProperty('evaluationMaskProbability');
    expect(training).toMatchObject({ learningRate: 1e-4, schedule: { type: 'linear' }, optimizer: { beta2: 0.999 } });
  });

  it('has values that its task and the training understand, for each preset that it names', () => {
    for (const { name: preset } of registeredPresets()) {
      for (const { type } of registeredTasks()) {
        const recipe = findRecipe(preset, type);
        if (!recipe) continue;
        const { experiment, settings } = resolveExperiment(source(spec({ task: type, pipeline: preset })));
        expect(experiment).toMatchObject(recipe.settings);
        expect(settings.filter(({ origin }) => origin === 'spec')).toEqual([]);
      }
    }
  });
});

describe('the origin of settings', () => {
  it('is the spec, the recipe or the default', () => {
    const text = `
name: x
task: masked-words
data: tiny
pipeline: bert-tiny
training: {steps: 3, schedule: {warmupFraction: 0.2}}`;
    const { settings, recipe } = resolveExperiment(parseSpecText(text, 'x.yaml'));
    const origin = (path: string) => settings.find((setting) => setting.path.join('.') === path);
    expect(recipe).toBeUndefined();
    expect(origin('training.steps')).toMatchObject({ value: 3, origin: 'spec' });
    expect(origin('training.schedule.warmupFraction')).toMatchObject({ value: 0.2, origin: 'spec' });
    expect(origin('training.schedule.type')).toMatchObject({ value: 'linear', origin: 'default' });
    expect(origin('task.maskProbability')).toMatchObject({ value: 0.15, origin: 'default' });
  });

  it('is told for every value that a recorded run has', () => {
    const first = parseExperiment(source(spec({ pipeline: 'bert-tiny' })));
    const recorded: unknown = JSON.parse(JSON.stringify(first));
    expect(parseExperiment(source(recorded))).toEqual(first);
    expect(resolveExperiment(source(recorded)).settings.every(({ origin }) => origin === 'spec')).toBe(true);
  });
});
