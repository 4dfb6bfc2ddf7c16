/** An imported model as a network: its pipeline alone, or with a head that came along. */
import { LabError } from '../../shared/errors.ts';
import type { ImagePreprocessing, ModelHead } from '../../shared/spec/manifests/model.ts';
import type { PipelineGraph } from '../../shared/spec/pipeline.ts';
import type { Shape } from '../graph/program.ts';
import { createProgram, withScope } from '../graph/program.ts';
import type { PipelineInput } from '../nn/index.ts';
import { buildPipeline, declareInputs } from '../nn/index.ts';
import { findTask } from '../tasks/index.ts';
import type { TaskDefinition, TaskFacts } from '../tasks/index.ts';
import type { Model } from '../training/model.ts';
import { buildModel, transferredPart } from '../training/model.ts';
import type { ImportedModel } from '../workspace/models.ts';
import { networkImagesOfModel } from './network-images.ts';

interface Parts {
  readonly pipeline: PipelineGraph;
  readonly input: PipelineInput;
  readonly heads: readonly ModelHead[];
  readonly preprocessing: ImagePreprocessing | null;
}

/**
 * The network of one of its heads, which answers what the task asks; for text of at most `longest` tokens. Throws `LabError('internal')` for options that the task refuses.
 */
export function networkOfHead(
  { pipeline, input: whole, preprocessing }: Parts,
  head: ModelHead,
  longest: number,
): Model {
  const task = findTask(head.task);
  const input = shortened(whole, longest);
  const parsed = task.options.safeParse({ ...head.options, ...(input.kind === 'tokens' && { length: input.length }) });
  if (!parsed.success) {
    throw new LabError('internal', `the options of the head ${head.task} do not suit it: ${parsed.error.message}`);
  }
  const facts: TaskFacts = {
    ...backboneFacts({ input: whole, preprocessing }, longest),
    ...(head.labels && { classes: head.labels }),
  };
  return { task, options: parsed.data, pipeline, facts };
}

/** What pictures are brought to before the network sees them; nothing for a model that reads none. */
export function imagesOfModel(preprocessing: ImagePreprocessing | null): Pick<TaskFacts, 'images'> {
  if (!preprocessing) return {};
  return { images: { ...networkImagesOfModel(preprocessing), background: [0, 0, 0] } };
}

/** Which head is to answer: that of a task, or any that can answer what is asked. */
export type WantedHead = string | HeadThatAnswers;

export interface HeadThatAnswers {
  /** As a message says it: `that continues texts`. */
  readonly what: string;
  readonly answers: (task: TaskDefinition<unknown>) => boolean;
}

/**
 * The head of a model that is wanted; the first that came along where nothing is said. Throws `LabError('bad-input')` where there is no
 * such head, naming those there are.
 */
export function chooseHead({ name, manifest: { heads } }: ImportedModel, wanted?: WantedHead): ModelHead {
  const head =
    wanted === undefined
      ? heads[0]
      : heads.find(({ task }) => (typeof wanted === 'string' ? task === wanted : wanted.answers(findTask(task))));
  if (head) return head;
  const has = heads.length === 0 ? 'none' : heads.map(({ task }) => task).join(', ');
  const what =
    wanted === undefined
      ? 'came with no head, so there is nothing to ask it'
      : typeof wanted === 'string'
        ? `came with no head for ${wanted} (heads: ${has})`
        : `has no head ${wanted.what} (heads: ${has})`;
  throw new LabError(
    'bad-input',
    `The model ${name} ${what}. Train one on it: an experiment with from: {model: ${name}}`,
    { model: name },
  );
}

/** What its backbone reads, of at most `longest` tokens. */
export function backboneFacts(
  { input, preprocessing }: Pick<Parts, 'input' | 'preprocessing'>,
  longest: number,
): TaskFacts {
  return {
    input: shortened(input, longest),
    ...imagesOfModel(preprocessing),
  };
}

/** Programs for long texts are large, and their weights are those of a short one. */
function shortened(input: PipelineInput, longest: number): PipelineInput {
  return input.kind === 'tokens' ? { ...input, length: Math.min(input.length, longest) } : input;
}

/** Tokens of the text that a network is built for where only its weights are asked for. */
const fewTokens = 16;

/** Names and shapes of all weights and states that the pipeline and the heads have. Throws `LabError('bad-spec' | 'shape')`. */
export function parametersOfModel(parts: Omit<Parts, 'preprocessing'>): ReadonlyMap<string, Shape> {
  const found = new Map<string, Shape>();
  const program = createProgram('backbone');
  const context = { program, mode: 'evaluation' as const, batchSize: 1, input: shortened(parts.input, fewTokens) };
  const inputs = declareInputs(context);
  withScope(program, transferredPart, () => buildPipeline(context, parts.pipeline, inputs));
  const programs = parts.heads.map((head) =>
    buildModel(networkOfHead({ ...parts, preprocessing: null }, head, fewTokens), 'prediction', 1),
  );
  for (const { parameters } of [program, ...programs]) {
    for (const { name, shape } of parameters.values()) found.set(name, shape);
  }
  return found;
}
