/**
 * Examples of a run's evaluation splits, one at a time: what the network saw, what is right, what it answered. Generic over
 * tasks: it reads the inputs of the network (tokens, pictures) and the outputs that heads have in common (`logits` with
 * `labels`, `maskedLogits` with `maskedLabels`).
 */
import type { Item } from '../../shared/contract/common.ts';
import type { TextTokenizer } from '../data/tokenizer/tokenizer.ts';
import { loadTokenizer } from '../data/tokenizer/tokenizer.ts';
import { drawFrames } from '../tasks/audio/frames.ts';
import { readPlanar } from '../tasks/images/image-facts.ts';
import type { EvaluationSplit, ExampleAnswer, Feeds, TensorData } from '../tasks/index.ts';
import { joinPieces, maskMark } from '../../shared/display.ts';
import { showTokens, tokenTexts } from '../tasks/text/vocabulary.ts';
import type { Model } from '../training/model.ts';
import { buildModel } from '../training/model.ts';
import type { CheckpointChoice, TrainedModel } from '../runs/open-trained.ts';
import { openTrained } from '../runs/open-trained.ts';
import { openRun } from '../runs/open-run.ts';
import type { PreparedRun } from '../runs/prepare.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { pictureOf } from './pictures.ts';

export interface RunData extends Disposable {
  readonly prepared: PreparedRun;
  readonly tokenizer: TextTokenizer | undefined;
}

/** A run's data as it was. Throws `LabError('conflict')` when it is not the same any more, `LabError('not-found')` when it is gone. */
export async function openRunData(workspace: Workspace, run: RunFolder): Promise<RunData> {
  return opened(await openRun(workspace, run));
}

function opened(prepared: PreparedRun): RunData {
  using held = new DisposableStack();
  held.defer(() => {
    prepared.sampler.close();
  });
  const { tokenizerFile } = prepared.setup;
  const tokenizer = tokenizerFile === undefined ? undefined : loadTokenizer(tokenizerFile);
  const kept = held.move(); // the caller's from here on
  return {
    prepared,
    tokenizer,
    [Symbol.dispose]: () => {
      kept.dispose();
    },
  };
}

/** The network of a run for one example at a time, with the weights of a checkpoint. */
export function openExampleModel(
  run: RunFolder,
  { prepared: { model, experiment } }: RunData,
  checkpoint: CheckpointChoice,
): Promise<TrainedModel> {
  const build = (shown: Model) => buildModel(shown, 'prediction', 1);
  return openTrained(run, experiment, build(model), checkpoint, { model, build });
}

/** How many examples of a split there are; batches of one show it. */
export function exampleCount({ prepared: { sampler, experiment } }: RunData, split: EvaluationSplit): number {
  const { batchSize = experiment.training.batchSize, maximumBatches = Infinity } = experiment.evaluation;
  return Math.min(sampler.evaluationBatchCount(split, 1), maximumBatches * batchSize);
}

/** What the task reads out of a prediction; nothing for a task whose examples are not looked at one by one. */
export function answersTo(
  { prepared: { task, model, setup }, tokenizer }: RunData,
  outputs: TensorData,
  feeds: Feeds,
  top: number,
): readonly ExampleAnswer[] {
  return task.answers?.({ outputs, feeds, facts: model.facts, tokenizer, top }, setup.options) ?? [];
}

const pictureSize = 128;

/** What the network saw, for a person. */
export async function describeExample({ prepared, tokenizer }: RunData, feeds: Feeds): Promise<Item[]> {
  const { input } = prepared.model.facts;
  switch (input.kind) {
    case 'tokens':
      return tokenizer ? describeTokens(tokenizer, feeds, input.length) : [];
    case 'image': {
      const size = input.height * input.width * input.channels;
      const images = picturesIn(feeds, size);
      return Promise.all(
        images.map(async (data): Promise<Item> => {
          const pixels = readPlanar(data, input.channels, 0, input.height * input.width);
          return { kind: 'image', picture: await pictureOf(pixels, input, pictureSize) };
        }),
      );
    }
    case 'frames':
      return describeFrames(feeds, input.features);
  }
}

/** What of a batch of one is pictures: a network of twins reads several in one tensor, such as a patch and its neighbour. */
export function picturesIn(feeds: Feeds, size: number): readonly Float32Array[] {
  return Object.values(feeds).flatMap((data) =>
    data instanceof Float32Array && data.length > 0 && data.length % size === 0
      ? Array.from({ length: data.length / size }, (_, index) => data.subarray(index * size, (index + 1) * size))
      : [],
  );
}

/** Texts as words; a second segment is a second text. Places that are to be predicted are marks, as `maskedAnswers` counts them. */
function describeTokens(tokenizer: TextTokenizer, feeds: Feeds, length: number): Item[] {
  const { tokens, segments, mask, maskedPositions, maskedWeights } = feeds;
  if (!tokens) return [];
  const used = mask ? Array.from(tokens.keys()).filter((position) => mask[position] !== 0) : Array.from(tokens.keys());
  const { classify, separate, pad } = tokenizer.special;
  const places = Array.from(maskedPositions ?? []).filter((_, place) => maskedWeights?.[place] !== 0);
  // A task on pairs of sequences reads them one below the other.
  const textOf = (segment: number, row: number): string => {
    const shown = used
      .filter((position) => (segments?.[position] ?? 0) === segment && Math.floor(position / length) === row)
      .map((position) => ({ position, id: Number(tokens[position]) }))
      .filter(({ id }) => id !== classify && id !== separate && id !== pad);
    if (places.length === 0) {
      return showTokens(
        tokenizer,
        shown.map(({ id }) => id),
      );
    }
    const texts = tokenTexts(
      tokenizer,
      shown.map(({ id }) => id),
    ).map((text, index) => {
      const { position, id } = shown[index]!; // one for each text
      const number = 1 + places.indexOf(position);
      return number === 0 ? text : maskMark(number, id === tokenizer.special.mask ? undefined : text);
    });
    return tokenizer.spacing === '' ? texts.join('') : joinPieces(texts);
  };
  const rows = Array.from({ length: Math.max(1, Math.ceil(tokens.length / length)) }, (_, row) => row);
  return rows
    .flatMap((row) => [textOf(0, row), textOf(1, row)])
    .filter((text) => text !== '')
    .map((text) => ({ kind: 'text', text }));
}

/** A sequence of features as a picture: time to the right, features upwards, as far as it goes. */
async function describeFrames({ frames, mask }: Feeds, features: number): Promise<Item[]> {
  if (!(frames instanceof Float32Array)) return [];
  const steps = mask ? Array.from(mask).filter((one) => one !== 0).length : frames.length / features;
  const drawn = drawFrames(frames.subarray(0, Math.max(1, steps) * features), features);
  return [{ kind: 'image', picture: await pictureOf(drawn.pixels, drawn, 256) }];
}
