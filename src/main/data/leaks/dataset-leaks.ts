/** Leaks of a labelled dataset of any kind: which of its examples also occur in a corpus, in another dataset, or twice in it. */
import type { LeakPlace } from '../../../shared/spec/leaks.ts';
import { openAudioDataset } from '../audio/audio-dataset.ts';
import { openImageCorpus, openImageDataset } from '../images/image-store.ts';
import { openTextCorpus } from '../text/corpus.ts';
import type { TextDataset } from '../text/dataset.ts';
import { openTextDataset } from '../text/dataset.ts';
import { corpusHaystack, listHaystack } from './haystack.ts';
import { findImageLeaks } from './image-leaks.ts';
import { findRecordingLeaks, sameFrames } from './recording-leaks.ts';
import { excerptOf, findTextLeaks } from './text-leaks.ts';

export interface LeakSide {
  /** As the manifest names it, e.g. `text-dataset`. */
  readonly kind: string;
  readonly folder: string;
}

export interface LeakSearch {
  readonly minimumSimilarity: number;
  readonly mostPlaces: number;
  readonly signal?: AbortSignal | undefined;
  /** Of the other side: tokens, examples or recordings. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface DatasetLeaks {
  readonly examples: number;
  readonly places: ReadonlyMap<number, readonly LeakPlace[]>;
  /** Numbers of examples that are too short to be told from what is common. */
  readonly tooShort: readonly number[];
  /** Why the two cannot be compared, if they cannot. */
  readonly incomparable: string | null;
  /** What a person recognises an example by: the beginning of its text, or its file. */
  readonly nameOf: (example: number) => string;
}

/**
 * @param other undefined to compare the dataset's examples with each other
 * @throws LabError as opening the materials does; what the signal was aborted with
 */
export async function findDatasetLeaks(
  dataset: LeakSide,
  other: LeakSide | undefined,
  search: LeakSearch,
): Promise<DatasetLeaks> {
  const modality = modalityOf(dataset.kind);
  if (other && modalityOf(other.kind) !== modality) {
    return nothingFound(`${describe(dataset.kind)} and ${describe(other.kind)} have nothing in common`);
  }
  if (modality === 'text') return textLeaks(dataset, other, search);
  return modality === 'image' ? imageLeaks(dataset, other, search) : recordingLeaks(dataset, other, search);
}

const modalityOf = (kind: string): string => kind.split('-')[0] ?? kind;
const describe = (kind: string): string => `${/^[aeiou]/u.test(kind) ? 'an' : 'a'} ${kind.replace('-', ' ')}`;

function nothingFound(incomparable: string): DatasetLeaks {
  return { examples: 0, places: new Map(), tooShort: [], incomparable, nameOf: String };
}

async function textLeaks(dataset: LeakSide, other: LeakSide | undefined, search: LeakSearch): Promise<DatasetLeaks> {
  const texts = openTextDataset(dataset.folder);
  const corpus = other?.kind === 'text-corpus' ? openTextCorpus(other.folder) : undefined;
  const others = !other ? texts : corpus ? undefined : openTextDataset(other.folder);
  try {
    const haystack = corpus
      ? corpusHaystack(corpus)
      : listHaystack(others?.size ?? 0, (index) => (others ? wholeText(others, index) : ''));
    // Both parts of a pair stand together in a dataset of pairs alone; elsewhere they are looked for one by one.
    const parts = others?.manifest.pairs === true ? wholeTexts(texts) : separateTexts(texts);
    const { places, tooShort } = await findTextLeaks(parts, haystack, { ...search, isSame: !other });
    const names = new Map([...places.keys()].map((example) => [example, excerptOf(texts.text(example))]));
    return {
      examples: texts.size,
      places,
      tooShort: [...new Set(tooShort)].filter((example) => !places.has(example)),
      incomparable: null,
      nameOf: (example) => names.get(example) ?? String(example),
    };
  } finally {
    texts.close();
    corpus?.close();
    if (others !== texts) others?.close();
  }
}

const wholeText = (texts: TextDataset, index: number): string =>
  [texts.text(index), texts.textPair(index)].filter((part) => part !== null).join('\n');

function* wholeTexts(texts: TextDataset): Generator<readonly [number, string]> {
  for (let index = 0; index < texts.size; index += 1) yield [index, wholeText(texts, index)];
}

function* separateTexts(texts: TextDataset): Generator<readonly [number, string]> {
  for (let index = 0; index < texts.size; index += 1) {
    yield [index, texts.text(index)];
    const pair = texts.textPair(index);
    if (pair !== null) yield [index, pair];
  }
}

function imageLeaks(dataset: LeakSide, other: LeakSide | undefined, search: LeakSearch): DatasetLeaks {
  const images = openImageDataset(dataset.folder);
  const others = !other
    ? images
    : other.kind === 'image-corpus'
      ? openImageCorpus(other.folder)
      : openImageDataset(other.folder);
  try {
    const places = findImageLeaks(images, others, search);
    const names = new Map([...places.keys()].map((image) => [image, images.source(image).path]));
    return {
      examples: images.length,
      places,
      tooShort: [],
      incomparable: null,
      nameOf: (image) => names.get(image) ?? String(image),
    };
  } finally {
    images.close();
    if (others !== images) others.close();
  }
}

async function recordingLeaks(
  dataset: LeakSide,
  other: LeakSide | undefined,
  search: LeakSearch,
): Promise<DatasetLeaks> {
  const recordings = openAudioDataset(dataset.folder);
  const others = other ? openAudioDataset(other.folder) : recordings;
  try {
    if (!sameFrames(recordings, others)) {
      return nothingFound('the recordings were imported with other windows or bands; import one of them again');
    }
    const { places, tooShort } = await findRecordingLeaks(recordings, others, search);
    const names = new Map([...places.keys()].map((index) => [index, recordings.path(index)]));
    return {
      examples: recordings.length,
      places,
      tooShort,
      incomparable: null,
      nameOf: (index) => names.get(index) ?? String(index),
    };
  } finally {
    recordings.close();
    if (others !== recordings) others.close();
  }
}
