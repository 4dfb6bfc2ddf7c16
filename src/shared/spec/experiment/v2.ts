/**
 * An experiment, version 2: what to train, on which data, from which weights and how. Everything has a default except
 * the name, the task and the data. Options of tasks and blocks are the main process's knowledge: it validates them with
 * the definitions' own schemas (`runs/experiment.ts`).
 */
import { z } from 'zod';
import { leakAction } from '../leaks.ts';
import { imagesSpec } from '../network-images.ts';
import { trainedTokenizerOptions } from '../manifests/text-corpus.ts';
import { pipelineSpec } from '../pipeline.ts';
import { optimizerSpec } from './optimizer.ts';
import { scheduleOptions } from './schedule.ts';

export const nameSpec = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,79}$/, 'lower-case letters, digits, dots, dashes and underscores, at most 80')
  .describe('A name for people and for commands');

export const trainingMethod = z
  .enum(['training', 'frozen-features', 'baseline'])
  .describe(
    'Training: gradient descent on the whole network, or on what is not frozen. Frozen features: logistic regression on what the backbone makes of the examples. Baseline: the best classical method without a network, on the same examples',
  );

export const tunedSettings = z
  .record(z.string().min(1), z.array(z.unknown()).min(1))
  .describe('Values to try for settings by dotted path, e.g. {training.learningRate: [1e-4, 1e-3]}');

const taskSpec = z
  .union([
    z.string().transform((type): { type: string; [option: string]: unknown } => ({ type })),
    z.looseObject({ type: z.string().describe('The type of task, e.g. masked-words') }),
  ])
  .describe('The task, or an object with its type and options');

const sourceSpec = z
  .union([
    z.strictObject({
      run: z
        .string()
        .min(1)
        .describe("A run's id, the beginning of one, or the name of an experiment (its latest run)"),
      checkpoint: z.enum(['best', 'last']).default('best').describe('Which of its checkpoints'),
    }),
    z.strictObject({ model: z.string().min(1).describe("An imported model, see 'pretext model list'") }),
    z.strictObject({ file: z.string().min(1).describe('A safetensors file with parameters named as ours') }),
  ])
  .describe('Weights to start the backbone from; left out, training starts from scratch');

const tokenizerSpec = z
  .union([
    z.strictObject({ corpus: z.string().min(1).describe('The tokenizer of this corpus') }),
    z.strictObject({ run: z.string().min(1).describe('The tokenizer of this run') }),
    z.strictObject({ model: z.string().min(1).describe('The tokenizer of this imported model') }),
    z.strictObject({ file: z.string().min(1).describe('A tokenizer.json file') }),
    z.strictObject({
      trained: trainedTokenizerOptions
        .partial()
        .describe(
          'Options of one that is trained on the labelled texts themselves, those for training alone; {} for the usual ones',
        ),
    }),
  ])
  .describe('The tokenizer for labelled text; by default that of the run or model in `from`');

const steps = z.int().positive();
const every = (what: string) => steps.optional().describe(`${what}, in steps; by default ten times in a run`);

const trainingSpec = z
  .strictObject({
    steps: steps.optional().describe('Number of updates'),
    epochs: z.number().positive().optional().describe('Instead of steps: passes over the training examples'),
    batchSize: steps.default(32).describe('Examples in one micro-batch'),
    gradientAccumulationSteps: steps.default(1).describe('Micro-batches whose gradients are averaged into one update'),
    optimizer: optimizerSpec,
    learningRate: z
      .number()
      .positive()
      .default(1e-4)
      .describe(
        'The largest learning rate. 1e-4 suits pretraining at scale; small models take 5e-4, fine-tuning 2e-5 to 1e-4',
      ),
    schedule: scheduleOptions
      .default({ type: 'linear', warmupFraction: 0.1, finalFraction: 0 })
      .describe('How the learning rate runs over the training'),
    weightAverage: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe(
        'Decay of an exponential moving average of the weights, which is then what is evaluated, saved and exported; 0 for none, 0.999 for long runs',
      ),
    layerwiseLearningRateDecay: z
      .number()
      .gt(0)
      .max(1)
      .default(1)
      .describe('Learning rate of each layer group relative to the one above it; the head has the full rate'),
    discriminativeFactor: z
      .number()
      .min(1)
      .optional()
      .describe('The same, as a divisor: 2.6 in ULMFiT (Howard and Ruder, 2018)'),
    gradualUnfreezing: z
      .strictObject({
        epochs: z.number().positive().optional().describe('Length of a stage in epochs; 1 where steps do not say it'),
        steps: steps.optional().describe('Length of a stage in steps'),
      })
      .refine(({ epochs, steps: count }) => epochs === undefined || count === undefined, {
        message: 'Give steps or epochs, not both',
      })
      .optional()
      .describe(
        'Train the head alone at first, and let one more group of layers join after every stage, from the top down (Howard and Ruder, 2018)',
      ),
    batchStatistics: z
      .enum(['batch', 'pretrained'])
      .default('batch')
      .describe(
        "What batch normalisation of the backbone normalises with while training: each batch's own mean and variance, or those of the pretrained network, unchanged. The batch's own were better on few digits; batches of one or two examples need the pretrained ones",
      ),
    linearProbeFirst: z
      .boolean()
      .default(false)
      .describe(
        'Start from a head that is fitted by logistic regression to the frozen features, its penalty chosen on validation examples (LP-FT, Kumar et al. 2022), instead of a drawn one',
      ),
    headLearningRateScale: z.number().positive().default(1).describe("Multiplies the head's learning rate"),
    evaluateEvery: every('How often the validation split is evaluated'),
    checkpointEvery: every('How often a checkpoint is written, besides the best and the last'),
    logEvery: steps.default(10).describe('Steps between two points of the loss curve'),
    keepCheckpoints: z
      .int()
      .min(0)
      .default(0)
      .describe('How many of the latest checkpoints to keep besides best and last'),
    gradientCheckpointing: z
      .boolean()
      .optional()
      .describe(
        'Keep only the inputs of each layer for the backward pass, and compute what is within it again: less memory for one more forward pass a step, and the same gradients to the bit',
      ),
    gradientFlow: z
      .boolean()
      .optional()
      .describe(
        'Record how far errors reach back in time: the norm of ∂L/∂h at every step of the recurrent layers, at the beginning and at each evaluation',
      ),
    histograms: z
      .union([z.boolean(), steps])
      .optional()
      .describe(
        'Record how the weights and their gradients are distributed, at the beginning and at each evaluation; a number for every so manieth of them. Done unless it is said otherwise where at most 20 million weights are trained',
      ),
    tensorboard: z
      .boolean()
      .optional()
      .describe("Write event files for TensorBoard into the run's folder, besides events.jsonl"),
    earlyStopping: z
      .strictObject({
        patience: steps.describe('Evaluations without improvement after which the run ends'),
        minimumDelta: z.number().min(0).default(0).describe('The smallest change that counts as an improvement'),
      })
      .optional()
      .describe("Ends the run when the task's metric has stopped improving; left out, it runs to the end"),
  })
  .refine(({ steps: count, epochs }) => count === undefined || epochs === undefined, {
    message: 'Give steps or epochs, not both',
    path: ['epochs'],
  })
  .refine(
    ({ layerwiseLearningRateDecay, discriminativeFactor }) =>
      layerwiseLearningRateDecay === 1 || discriminativeFactor === undefined,
    {
      message: 'Give layerwiseLearningRateDecay or discriminativeFactor, not both',
      path: ['discriminativeFactor'],
    },
  );

const evaluationSpec = z.strictObject({
  batchSize: steps.optional().describe('Examples in one evaluation batch; by default as in training'),
  maximumBatches: steps.optional().describe('Evaluate at most this many batches of a split; by default all of them'),
  test: z.boolean().default(true).describe('Evaluate the best checkpoint on the test split at the end'),
  baselines: z.boolean().default(true).describe("Compute the task's baselines on the same splits"),
  inspect: z
    .boolean()
    .default(true)
    .describe("Check the trained network with the task's audit, and draw pictures of it"),
  leaks: leakAction
    .default('report')
    .describe(
      'What to do about test examples that also occur, nearly as they are, in what the network was pretrained or trained on: exclude them from the test, report them, or do not look',
    ),
  leaksAgainst: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Further runs whose training data must not hold test examples, such as those of the other arms of a study',
    ),
});

const engineSpec = z.strictObject({
  name: z.enum(['onnxruntime', 'tensorflow']).default('onnxruntime').describe('What executes the programs'),
  device: z
    .string()
    .min(1)
    .optional()
    .describe(
      "A device of the engine, see 'pretext doctor', or auto: the fastest that passes its self-check. By default the engine's own choice",
    ),
  allowFallback: z
    .boolean()
    .optional()
    .describe('Lets the processor compute what the device cannot, instead of refusing; each step then waits for it'),
  stepsAtOnce: steps
    .optional()
    .describe(
      'Steps in one call on devices between which and the memory weights travel at every call (CUDA, DirectML, Core ML); 16 by default',
    ),
  precision: z
    .enum(['float32', 'float16', 'bfloat16'])
    .optional()
    .describe(
      "What the network's products are computed in while it trains; weights, sums, normalisation and losses stay float32. Half the memory and several times the speed on cards that have it; the processor only rounds, more slowly than with float32. float32 by default",
    ),
  threads: steps.optional().describe('Threads within an operation; by default one for each physical core'),
});

const seed = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const tuneSpec = z
  .strictObject({
    settings: tunedSettings,
    metric: z
      .string()
      .min(1)
      .optional()
      .describe('Chosen by this metric of the validation split; by default the one that selects checkpoints'),
    seed: seed
      .optional()
      .describe("Seed and label seed of the trials; by default the run's own. Runs that share it share the trials"),
  })
  .describe(
    'Settings that are chosen before the training, by trials on the validation split: the test is not evaluated',
  );

export const experimentV2 = z
  .strictObject({
    $schema: z.string().optional().describe('Where an editor finds the JSON schema'),
    version: z.literal(2).default(2).describe('Version of this format'),
    name: nameSpec,
    notes: z.string().optional().describe('What the experiment is for'),
    task: taskSpec,
    data: z.string().min(1).describe('Name of a corpus or dataset in the workspace'),
    tokenizer: tokenizerSpec.optional(),
    images: imagesSpec.optional(),
    method: trainingMethod.optional().describe('How the examples are learned from; training unless it is said'),
    pipeline: pipelineSpec.describe(
      'The backbone: a preset, a preset with options, a graph of blocks, or that of an imported model, which is the default with from: {model: …}',
    ),
    recipe: z
      .enum(['preset', 'none'])
      .default('preset')
      .describe(
        'What stands in where this experiment is silent: the recipe of its preset for its task, where there is one, or the defaults alone',
      ),
    initialisation: z
      .enum(['truncated-normal', 'glorot', 'he', 'orthogonal'])
      .optional()
      .describe('How weights start, in all blocks that do not say it themselves'),
    from: sourceSpec.optional(),
    freeze: z
      .array(z.string().min(1))
      .default([])
      .describe('Parts that are not trained: beginnings of parameter names, e.g. backbone/encoder/layer.0'),
    training: trainingSpec.prefault({}).describe('How it is trained'),
    tune: tuneSpec.optional(),
    evaluation: evaluationSpec.prefault({}).describe('How it is evaluated'),
    engine: engineSpec.prefault({}).describe('What it runs on'),
    seed: seed.default(0).describe('Decides initial weights, the order of examples, masks and dropout'),
    splitSeed: seed.default(0).describe('Decides splits and evaluation masks; runs that are compared share it'),
    labelSeed: seed
      .optional()
      .describe('Decides which training examples a label budget keeps; by default the split seed'),
  })
  .describe('An experiment of Pretext Lab');

export type ExperimentV2 = z.output<typeof experimentV2>;
