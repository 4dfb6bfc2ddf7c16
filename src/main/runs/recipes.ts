/**
 * Recipes: the settings that suit a preset and a task, which stand in where an experiment is silent. They are part of the
 * program, so that a packed lab has them, and a run's spec.json records what they amounted to. What they say was chosen on
 * validation loss alone; `npm run sweep` compares the candidates again. How long to train is the experiment's to say.
 */

/** Options of the task and of the training, as they would be written in an experiment. */
export interface RecipeSettings {
  readonly task?: Readonly<Record<string, unknown>>;
  readonly training?: Readonly<Record<string, unknown>>;
}

interface RecipeRow {
  readonly presets: readonly string[];
  readonly tasks: readonly string[];
  readonly settings: RecipeSettings;
}

export interface Recipe {
  /** As people are told: `modern-tiny for masked-words`. */
  readonly name: string;
  readonly settings: RecipeSettings;
}

/** Hu and others, MiniCPM, 2024. */
const warmupStableDecay = { type: 'wsd', warmupFraction: 0.02, decayFraction: 0.4 };

/**
 * More masks than BERT's 15 % give more gradient for a step's price (Wettig and others, 2023). Evaluations keep 15 %, or
 * their losses could not be compared with those of other shares. Sequences of 64 tokens are what the minutes suffice for.
 */
const maskedWordOptions = {
  length: 64,
  maskProbability: 0.3,
  evaluationMaskProbability: 0.15,
  maximumPredictions: 1024,
  head: 'modernbert',
};
/** A fifth of what whole sentences leave room for is padding. */
const fullSequences = { ...maskedWordOptions, packing: 'full' };

function modernEncoder(learningRate: number): Record<string, unknown> {
  return {
    batchSize: 32,
    learningRate,
    optimizer: { type: 'adamw', beta1: 0.9, beta2: 0.98 },
    schedule: warmupStableDecay,
  };
}

/** Wider networks take smaller rates: the two larger are the rate of modern-tiny times √(128 / features), and not swept. */
const modernRates = { 'modern-tiny': 3e-3, 'modern-mini': 2e-3, 'modern-small': 1.5e-3 };

const rows: readonly RecipeRow[] = Object.entries(modernRates).flatMap(([preset, learningRate]) => {
  const training = modernEncoder(learningRate);
  return [
    { presets: [preset], tasks: ['masked-words'], settings: { task: fullSequences, training } },
    {
      presets: [preset],
      tasks: ['masked-words-next-sentence', 'masked-words-sentence-order', 'masked-words-same-document'],
      settings: { task: maskedWordOptions, training },
    },
  ];
});

/** The recipe of a preset for a task, where there is one. */
export function findRecipe(preset: string, task: string): Recipe | undefined {
  const row = rows.find(({ presets, tasks }) => presets.includes(preset) && tasks.includes(task));
  return row && { name: `${preset} for ${task}`, settings: row.settings };
}
