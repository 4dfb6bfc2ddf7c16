/** A trained network, loaded to answer many questions: in batches of texts of similar length, several batches at the same time. */
import type { Experiment } from '../../../shared/spec/experiment/index.ts';
import { processThreads } from '../../engines/host/processor.ts';
import type { Program } from '../../graph/program.ts';
import { ignoresPadding } from '../../nn/padding.ts';
import type { BucketModel } from '../../training/length-buckets.ts';
import { atLength } from '../../training/length-buckets.ts';
import { loadEngine } from '../engines.ts';
import type { StoredWeights } from '../open-trained.ts';
import { batchLengths, textsOfLength } from './batch-sizes.ts';
import type { BatchProgram, RunFeeds } from './in-batches.ts';
import { inBatches } from './in-batches.ts';

export interface BatchedModel<Shown> {
  /** For `batchSize` examples of full length; feeds of one example fit a batch of one. */
  readonly batchSize: number;
  readonly program: Program;
  readonly model: Shown;
  /** Answers one example; asked for many at once, they are computed together. */
  readonly run: RunFeeds;
  release(): Promise<void>;
}

export interface BatchOptions<Shown extends BucketModel> {
  readonly model: Shown;
  readonly build: (model: Shown, batchSize: number) => Program;
  /** Of examples whose lengths say nothing, such as images. With 1, questions are answered one at a time. */
  readonly batchSize: number;
}

const mostAtOnce = 8;
/** Every batch under way needs a copy of the weights. */
const bytesOfCopies = 1024 ** 3;

/** Throws `LabError('engine-failed')`. */
export async function openBatches<Shown extends BucketModel>(
  { weights }: StoredWeights,
  { name, device, threads }: Pick<Experiment['engine'], 'name'> & Partial<Experiment['engine']>,
  { model, build, batchSize }: BatchOptions<Shown>,
): Promise<BatchedModel<Shown>> {
  const engine = await loadEngine(name);
  const isSingle = batchSize === 1;
  const isOnProcessor = (device ?? 'cpu') === 'cpu';
  const bytes = [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  const cores = threads ?? processThreads();
  const copies = Math.max(1, Math.floor(bytesOfCopies / Math.max(1, bytes)));
  const atOnce = isOnProcessor && !isSingle ? Math.min(cores, mostAtOnce, copies) : 1;
  const place = { ...(device !== undefined && { device }), threads: cores, atOnce, forQuestions: isSingle };
  const { input } = model.facts;
  const isShortened = input.kind === 'tokens' && ignoresPadding(model.pipeline);
  const lengths = isShortened ? batchLengths(input.length) : [];
  const lengthFor = (longest: number): number => lengths.find((length) => length >= longest) ?? lengths.at(-1) ?? 0;
  const sizeOf = (length: number): number =>
    isShortened && isOnProcessor && !isSingle ? textsOfLength(length) : batchSize;
  const fullLength = lengths.at(-1) ?? 0;
  const fullSize = sizeOf(fullLength);
  const fullProgram = build(model, fullSize);
  const full = await engine.compile(fullProgram, place);
  const opened = new Map<number, Promise<BatchProgram & AsyncDisposable>>();

  async function open(length: number): Promise<BatchProgram & AsyncDisposable> {
    const size = sizeOf(length);
    const program = build(atLength(model, length), size);
    const executable = await engine.compile(program, { ...place, shareStateWith: full });
    return {
      program,
      batchSize: size,
      run: (feeds) => executable.run(feeds),
      [Symbol.asyncDispose]: () => executable.release(),
    };
  }

  const run = inBatches({
    atOnce: atOnce > 1 ? atOnce + 1 : 1, // one is packed while the others are computed
    batchSizeFor: (longest) => sizeOf(lengthFor(longest)),
    programFor(longest) {
      const length = lengthFor(longest);
      if (length === fullLength) {
        return Promise.resolve({ program: fullProgram, batchSize: fullSize, run: (feeds) => full.run(feeds) });
      }
      const opening = opened.get(length) ?? open(length);
      opened.set(length, opening);
      return opening;
    },
  });
  const release = async (): Promise<void> => {
    for (const opening of opened.values()) await (await opening)[Symbol.asyncDispose]();
    await full.release();
  };
  try {
    const needed = [...weights].filter(([parameter]) => fullProgram.parameters.has(parameter));
    await full.importState({ parameters: new Map(needed) });
  } catch (error) {
    await release();
    throw error;
  }
  return { batchSize: fullSize, program: fullProgram, model, run, release };
}
