/**
 * What version 1 of experiments and studies called things. No name of then means something else now, so that giving parts their
 * present names once more changes nothing.
 */

type Names = Readonly<Record<string, string>>;
export type Members = Readonly<Record<string, unknown>>;

const taskNames: Names = {
  maskedShare: 'maskProbability',
  evaluationMaskedShare: 'evaluationMaskProbability',
  keepShare: 'keepProbability',
  randomShare: 'randomProbability',
  shortSequenceShare: 'shortSequenceProbability',
  validationShare: 'validationFraction',
  testShare: 'testFraction',
};

/** These became members of one option. */
const budgetNames: Names = { labelsInAll: 'total', labelsPerClass: 'perClass' };

const trainingNames: Names = {
  accumulation: 'gradientAccumulationSteps',
  layerDecay: 'layerwiseLearningRateDecay',
};

const networkNames: Names = {
  features: 'hiddenSize',
  feedForward: 'feedForwardSize',
  ratingFeatures: 'attentionSize',
  memorySpan: 'chronoMaximumTimescale',
};

const cellNames: Names = { simple: 'rnn' };

/** What `features` of other blocks and presets than usual are called. */
const featuresOf: Names = { 'attention-pooling': 'attentionSize', 'patch-cnn': 'features', dense: 'features' };

/** The names that an option of version 1 may have now: `maskedShare` → `maskProbability`. */
export function presentNames(former: string): readonly string[] {
  const budget = budgetNames[former];
  return [
    taskNames[former],
    trainingNames[former],
    networkNames[former],
    former === 'features' ? 'attentionSize' : undefined,
    budget === undefined ? undefined : `labelBudget.${budget}`,
  ].filter((name) => name !== undefined);
}

/** What a value of version 1 is called now, where it was renamed: `simple` → `rnn`. */
export function presentValue(former: unknown): string | undefined {
  return typeof former === 'string' ? cellNames[former] : undefined;
}

/** A task, or some of its options, under the present names. */
export function renameTask(task: unknown): unknown {
  if (!isMembers(task)) return task;
  const entries = Object.entries(renamed(task, taskNames));
  const budget = entries.flatMap(([key, value]) => (budgetNames[key] === undefined ? [] : [[budgetNames[key], value]]));
  if (budget.length === 0) return Object.fromEntries(entries);
  const given = isMembers(task.labelBudget) ? task.labelBudget : (Object.fromEntries(budget) as Members); // pairs of a name and a value
  return Object.fromEntries(
    entries.map(([key, value]) => (key in budgetNames ? ['labelBudget', given] : [key, value])),
  );
}

/** The settings of a training, or some of them, under the present names. */
export function renameTraining(training: unknown): unknown {
  return isMembers(training) ? renamed(training, trainingNames) : training;
}

/** A pipeline, or a part of one, under the present names. `whole` says of what it is a part, where it does not say so itself. */
export function renamePipeline(pipeline: unknown, whole: unknown = pipeline): unknown {
  if (!isMembers(pipeline)) return pipeline;
  const known = isMembers(whole) ? whole : { preset: whole };
  const preset = 'preset' in pipeline ? pipeline.preset : known.preset;
  return mapMembers(pipeline, (key, value) => {
    if (key === 'options') return renameOptions(value, preset);
    return key === 'blocks' ? renameBlocks(value, known.blocks) : value;
  });
}

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same members with other values. */
export function mapMembers(members: Members, change: (key: string, value: unknown) => unknown): Members {
  return Object.fromEntries(Object.entries(members).map(([key, value]) => [key, change(key, value)]));
}

/** Blocks as a list, or some of them by their places in it. */
function renameBlocks(blocks: unknown, known: unknown): unknown {
  const rename = (block: unknown, place: number): unknown => {
    if (!isMembers(block)) return block;
    const whole: unknown = Array.isArray(known) ? known[place] : undefined;
    const type = block.type ?? (isMembers(whole) ? whole.type : undefined);
    return mapMembers(block, (key, value) => (key === 'options' ? renameOptions(value, type) : value));
  };
  if (Array.isArray(blocks)) return blocks.map(rename);
  return isMembers(blocks) ? mapMembers(blocks, (place, block) => rename(block, Number(place))) : blocks;
}

function renameOptions(options: unknown, of: unknown): unknown {
  if (!isMembers(options)) return options;
  const features = (typeof of === 'string' ? featuresOf[of] : undefined) ?? 'hiddenSize';
  return mapMembers(renamed(options, { ...networkNames, features }), (key, value) =>
    key === 'cell' ? (presentValue(value) ?? value) : value,
  );
}

/** What has its present name already stays as it is, whatever stands under the former one beside it. */
function renamed(members: Members, names: Names): Members {
  const entries = Object.entries(members).map(([key, value]) => ({ key, name: names[key] ?? key, value }));
  const written = entries.filter(({ key, name }) => name === key || !(name in members));
  return Object.fromEntries(written.map(({ name, value }) => [name, value]));
}
