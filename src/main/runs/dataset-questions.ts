/** The examples of any corpus or dataset as a network is asked about them: in its size, with its channels, whatever they are stored with. */
import { LabError } from '../../shared/errors.ts';
import type { NetworkImages } from '../../shared/spec/network-images.ts';
import { openAudioDataset } from '../data/audio/audio-dataset.ts';
import type { ImageCorpus, ImageDataset } from '../data/images/image-store.ts';
import { openImageCorpus, openImageDataset } from '../data/images/image-store.ts';
import { openTextCorpus } from '../data/text/corpus.ts';
import { openTextDataset } from '../data/text/dataset.ts';
import { encodeQuery } from '../tasks/encode-query.ts';
import type { Feeds, ImageFacts, TaskFacts } from '../tasks/index.ts';
import { showTokens } from '../tasks/text/vocabulary.ts';
import type { Material } from '../workspace/catalogue.ts';
import type { Asked } from './batch/question.ts';
import { embeddedFacts } from './embedder.ts';
import type { TrainedNetwork } from './trained-network.ts';

export interface DatasetQuestions extends Disposable {
  readonly size: number;
  /** Undefined for a corpus. */
  readonly labelled: { readonly classes: readonly string[]; readonly labels: Int32Array } | undefined;
  /** Throws `RangeError` where there is no such example. */
  ask(index: number): Asked;
}

/** What networks read, by the kind of material. */
const kindsOf = { tokens: 'text', image: 'image', frames: 'audio' } as const;
const words = { text: 'texts', image: 'images', audio: 'recordings' } as const;

/**
 * @param facts of the network that is asked
 * @param what names it in messages: `run words-ab12c`
 *
 * Throws `LabError('bad-input')` for material of another kind than the network reads, and for recordings whose frames are others.
 */
export function openDatasetQuestions(
  { kind, name, folder }: Material,
  facts: TaskFacts,
  what: string,
): DatasetQuestions {
  const wanted = kindsOf[facts.input.kind];
  if (!kind.startsWith(wanted) || facts.speech) {
    const reads = facts.speech ? 'characters to be spoken' : words[wanted];
    throw new LabError('bad-input', `The ${what} reads ${reads}, and ${name} is a ${kind}: choose data of that kind`);
  }
  switch (kind) {
    case 'text-corpus':
      return corpusQuestions(folder);
    case 'text-dataset':
      return textQuestions(folder);
    case 'image-corpus':
      return imageQuestions(openImageCorpus(folder, { network: pixelsOf(facts.images) }));
    case 'image-dataset':
      return imageQuestions(openImageDataset(folder, { network: pixelsOf(facts.images) }));
    case 'audio-dataset':
      return recordingQuestions(folder, name, facts, what);
  }
}

export interface EmbeddedExamples extends Disposable {
  readonly size: number;
  readonly labelled: DatasetQuestions['labelled'];
  /** What the embedder of the network is fed for an example. */
  feedsOf(index: number): Feeds;
}

/** As `openDatasetQuestions`, for vectors of the examples. Throws what it does, and what encoding does. */
export function openEmbeddedExamples(network: TrainedNetwork, material: Material): EmbeddedExamples {
  const facts = embeddedFacts(network);
  const questions = openDatasetQuestions(material, facts, network.what);
  const { tokenizerFile, separators } = network;
  const read = { ...facts, ...(tokenizerFile !== undefined && { tokenizerFile }) };
  return {
    size: questions.size,
    labelled: questions.labelled,
    feedsOf: (index) => encodeQuery(read, questions.ask(index), separators).feeds,
    [Symbol.dispose]: () => {
      questions[Symbol.dispose]();
    },
  };
}

/** Examples between two looks at whether to go on; among so many, texts of similar length are found. */
const togetherAsked = 256;

/**
 * One result for each example, in their order: so many at a time that they fill batches, and a person who stops waits for one portion.
 * Throws `LabError('aborted')`.
 */
export async function inPortions<Example, Result>(
  examples: readonly Example[],
  { signal, onDone }: { readonly signal: AbortSignal; readonly onDone: (done: number) => void },
  each: (example: Example) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let first = 0; first < examples.length; first += togetherAsked) {
    if (signal.aborted) throw new LabError('aborted', 'Cancelled');
    onDone(results.length);
    results.push(...(await Promise.all(examples.slice(first, first + togetherAsked).map(each))));
  }
  onDone(results.length);
  return results;
}

function corpusQuestions(folder: string): DatasetQuestions {
  const corpus = openTextCorpus(folder);
  return {
    size: corpus.documentCount,
    labelled: undefined,
    ask: (index) => ({ text: showTokens(corpus.tokenizer, corpus.documentTokens(index)) }),
    [Symbol.dispose]: () => {
      corpus.close();
    },
  };
}

function textQuestions(folder: string): DatasetQuestions {
  const dataset = openTextDataset(folder);
  return {
    size: dataset.size,
    labelled: { classes: dataset.classes, labels: dataset.labels },
    ask(index) {
      const textPair = dataset.textPair(index);
      return { text: dataset.text(index), ...(textPair !== null && { textPair }) };
    },
    [Symbol.dispose]: () => {
      dataset.close();
    },
  };
}

/** What stored pixels are brought to: what the network reads, with the channels it was trained with. */
function pixelsOf(images: ImageFacts | undefined): NetworkImages | undefined {
  if (!images) return undefined;
  const { height, width, fit, resizeShorter, channels, network } = images;
  return { channels, ...(network ?? { height, width, fit, resizeShorter }) };
}

function imageQuestions(store: ImageCorpus | ImageDataset): DatasetQuestions {
  return {
    size: store.length,
    labelled: 'labels' in store ? { classes: store.classes, labels: store.labels } : undefined,
    ask: (index) => ({ image: { ...store.shape, pixels: store.pixels(index) } }),
    [Symbol.dispose]: () => {
      store.close();
    },
  };
}

function recordingQuestions(folder: string, name: string, { audio }: TaskFacts, what: string): DatasetQuestions {
  const dataset = openAudioDataset(folder);
  const { options } = dataset.manifest;
  const differs = Object.entries(audio ?? {}).find(([key, value]) => options[key as keyof typeof options] !== value); // keys of both
  if (differs) {
    dataset.close();
    throw new LabError(
      'bad-input',
      `The frames of ${name} are made differently from those of the ${what}: ${differs[0]} is ${String(options[differs[0] as keyof typeof options])}, not ${String(differs[1])}. Import the recordings with the same options`, // of both
    );
  }
  return {
    size: dataset.length,
    labelled: { classes: dataset.classes, labels: dataset.labels },
    ask: (index) => ({ recording: { frames: dataset.frames(index) } }),
    [Symbol.dispose]: () => {
      dataset.close();
    },
  };
}
