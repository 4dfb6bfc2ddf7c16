/** Looking into corpora and datasets: items in order, searches, splits, duplicates, lengths. */
import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import type { MaterialItem, MaterialReference, materialsContract } from '../../shared/contract/materials.ts';
import { LabError } from '../../shared/errors.ts';
import type { Split } from '../data/split.ts';
import { splitDataset } from '../data/split.ts';
import { openImageCorpus, openImageDataset } from '../data/images/image-store.ts';
import type { ImageCorpus, ImageDataset } from '../data/images/image-store.ts';
import { hasValues, targetWords } from '../data/import/targets.ts';
import type { AudioDataset } from '../data/audio/audio-dataset.ts';
import { openAudioDataset } from '../data/audio/audio-dataset.ts';
import { openTextCorpus } from '../data/text/corpus.ts';
import { openTextDataset } from '../data/text/dataset.ts';
import { drawFrames } from '../tasks/audio/frames.ts';
import { showTokens } from '../tasks/text/vocabulary.ts';
import { findMaterial } from '../workspace/catalogue.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { pictureOf } from './pictures.ts';
import type { WorkContext } from './work-context.ts';

type Output<Method extends keyof typeof materialsContract> = z.output<(typeof materialsContract)[Method]['output']>;
type Input<Method extends keyof typeof materialsContract> = z.output<(typeof materialsContract)[Method]['input']>;

/** A material of any kind, item by item. */
export interface Browser {
  readonly size: number;
  /** Empty for images. */
  text(index: number): string;
  item(index: number, pictureSize: number): Promise<MaterialItem>;
  readonly labelled?: {
    readonly classes: readonly string[];
    readonly labels: Int32Array;
    readonly contentHash: string;
    readonly sides: Uint8Array | undefined;
  };
  /** Items with the same number belong together. */
  readonly groups?: Uint32Array;
  close(): void;
}

/** Throws `LabError('bad-input')` for a kind of material that cannot be looked into. */
export async function openBrowser(workspace: Workspace, { group, name }: MaterialReference): Promise<Browser> {
  const { kind, folder } = await findMaterial(workspace, group, name);
  switch (kind) {
    case 'text-corpus':
      return browseTextCorpus(folder);
    case 'text-dataset':
      return browseTextDataset(folder);
    case 'image-corpus':
      return browseImages(openImageCorpus(folder));
    case 'image-dataset':
      return browseImages(openImageDataset(folder));
    case 'audio-dataset':
      return browseRecordings(openAudioDataset(folder));
  }
}

function browseTextCorpus(folder: string): Browser {
  const corpus = openTextCorpus(folder);
  const text = (index: number): string => showTokens(corpus.tokenizer, corpus.documentTokens(index));
  return {
    size: corpus.documentCount,
    text,
    item: async (index) => ({ index, text: text(index), textPair: null, picture: null, label: null, source: null }),
    close: () => {
      corpus.close();
    },
  };
}

function browseTextDataset(folder: string): Browser {
  const dataset = openTextDataset(folder);
  const { classes, labels, contentHash, groups, sides, targets } = dataset;
  return {
    size: dataset.size,
    labelled: { classes, labels, contentHash, sides },
    groups,
    text: (index) => [dataset.text(index), dataset.textPair(index) ?? ''].join('\n'),
    item: async (index) => ({
      index,
      text: dataset.text(index),
      textPair: dataset.textPair(index),
      picture: null,
      label:
        targets === undefined
          ? (classes[dataset.label(index)] ?? null)
          : hasValues(targets)
            ? targetWords(targets, index)
            : dataset.writtenLabel(index),
      source: dataset.source(index),
    }),
    close: () => {
      dataset.close();
    },
  };
}

function browseImages(store: ImageCorpus | ImageDataset): Browser {
  const labelled =
    'labels' in store
      ? {
          classes: store.classes,
          labels: Int32Array.from(store.labels),
          contentHash: store.manifest.contentHash,
          sides: store.sides,
          targets: store.targets,
        }
      : undefined;
  return {
    size: store.length,
    ...(labelled && { labelled }),
    groups: store.groups,
    text: (index) => store.source(index).path,
    async item(index, pictureSize) {
      const { path } = store.source(index);
      return {
        index,
        text: null,
        textPair: null,
        picture: await pictureOf(store.pixels(index), store.shape, pictureSize),
        label:
          labelled?.targets && hasValues(labelled.targets)
            ? targetWords(labelled.targets, index)
            : (labelled?.classes[labelled.labels[index] ?? -1] ?? null),
        source: { path, line: null },
      };
    },
    close: () => {
      store.close();
    },
  };
}

function browseRecordings(dataset: AudioDataset): Browser {
  const { classes, labels, groups, sides, targets, manifest } = dataset;
  return {
    size: dataset.length,
    labelled: { classes, labels, contentHash: manifest.contentHash, sides },
    ...(groups && { groups }),
    text: (index) => dataset.path(index),
    async item(index, pictureSize) {
      const { pixels, width, height } = drawFrames(dataset.frames(index), manifest.options.bands);
      return {
        index,
        text: null,
        textPair: null,
        picture: await pictureOf(pixels, { height, width, channels: 1 }, pictureSize),
        label: targets && hasValues(targets) ? targetWords(targets, index) : (classes[labels[index] ?? -1] ?? null),
        source: { path: dataset.path(index), line: null },
      };
    },
    close: () => {
      dataset.close();
    },
  };
}

async function withBrowser<Result>(
  context: WorkContext,
  reference: MaterialReference,
  work: (browser: Browser) => Promise<Result>,
): Promise<Result> {
  const browser = await openBrowser(context.workspace, reference);
  try {
    return await work(browser);
  } finally {
    browser.close();
  }
}

/** How many items a search looks through before it lets other work and a cancel in. */
const chunk = 256;

export function searchMaterial(context: WorkContext, input: Input<'search'>): Promise<Output<'search'>> {
  return withBrowser(context, input, async (browser) => {
    const wanted = input.text?.trim().toLowerCase() ?? '';
    const candidates = candidatesOf(browser, input);
    const indexAt = (place: number): number => candidates?.[place] ?? place;
    const all = candidates?.length ?? browser.size;
    if (wanted === '') {
      const items: MaterialItem[] = [];
      const end = Math.min(all, input.offset + input.limit);
      for (let place = input.offset; place < end; place++) {
        items.push(await browser.item(indexAt(place), input.pictureSize));
      }
      return { total: all, items, nextOffset: end < all ? end : null };
    }
    // Offsets count the items that were looked at, so that the next page goes on where this one ended.
    const items: MaterialItem[] = [];
    let place = input.offset;
    for (; place < all && items.length < input.limit; place++) {
      if (place % chunk === 0) {
        await setImmediate();
        context.signal.throwIfAborted();
      }
      const index = indexAt(place);
      if (browser.text(index).toLowerCase().includes(wanted)) items.push(await browser.item(index, input.pictureSize));
    }
    const complete = place >= all && input.offset === 0;
    return { total: complete ? items.length : null, items, nextOffset: place < all ? place : null };
  });
}

function candidatesOf(
  { labelled, size, groups }: Browser,
  { label, side, splitSeed }: Input<'search'>,
): Uint32Array | undefined {
  if (label === undefined && side === undefined) return undefined;
  if (!labelled) throw new LabError('bad-input', 'Only labelled material has classes and sides of a split');
  const wanted = label === undefined ? undefined : labelled.classes.indexOf(label);
  const indices =
    side === undefined
      ? Uint32Array.from({ length: size }, (_, index) => index)
      : sideOf(splitOf(labelled, groups, splitSeed), side);
  return wanted === undefined ? indices : indices.filter((index) => labelled.labels[index] === wanted);
}

function sideOf(split: Split, side: NonNullable<Input<'search'>['side']>): Uint32Array {
  return side === 'training' ? split.train : split[side];
}

function splitOf(labelled: NonNullable<Browser['labelled']>, groups: Uint32Array | undefined, seed: number): Split {
  return splitDataset({ ...labelled, groups }, { seed });
}

export function imagesOf(context: WorkContext, input: Input<'images'>): Promise<Output<'images'>> {
  return withBrowser(context, input, (browser) =>
    Promise.all(input.indices.map((index) => browser.item(index, input.pictureSize))),
  );
}

export function splitsOf(context: WorkContext, input: Input<'splits'>): Promise<Output<'splits'>> {
  return withBrowser(context, input, async ({ labelled, groups }) => {
    if (!labelled) {
      throw new LabError('bad-input', 'Only labelled material is split by class; a corpus is split by its task');
    }
    const split = splitOf(labelled, groups, input.splitSeed);
    const countsOf = (indices: Uint32Array): number[] => {
      const counts = labelled.classes.map(() => 0);
      for (const index of indices) counts[labelled.labels[index]!]! += 1;
      return counts;
    };
    const [training, validation, test] = [countsOf(split.train), countsOf(split.validation), countsOf(split.test)];
    return {
      sides: { training: split.train.length, validation: split.validation.length, test: split.test.length },
      classes: labelled.classes.map((name, index) => {
        const [a, b, c] = [training[index]!, validation[index]!, test[index]!];
        return { name, total: a + b + c, training: a, validation: b, test: c };
      }),
      groups: groups ? repeated(groups).length : 0,
    };
  });
}

/** Members of every group of two or more, in the order of their first members. */
function repeated(groups: Uint32Array): number[][] {
  const members = new Map<number, number[]>();
  for (const [index, group] of groups.entries()) {
    const known = members.get(group);
    if (known) known.push(index);
    else members.set(group, [index]);
  }
  return [...members.values()].filter(({ length }) => length > 1);
}

/** Of one group, at most. */
const shownMembers = 12;

export function duplicatesOf(context: WorkContext, input: Input<'duplicates'>): Promise<Output<'duplicates'>> {
  return withBrowser(context, input, async (browser) => {
    const found = browser.groups ? repeated(browser.groups) : [];
    const shown = found.slice(input.offset, input.offset + input.limit);
    const groups = await Promise.all(
      shown.map(async (members) => ({
        size: members.length,
        items: await Promise.all(members.slice(0, shownMembers).map((index) => browser.item(index, input.pictureSize))),
        conflict:
          browser.labelled !== undefined && new Set(members.map((index) => browser.labelled?.labels[index])).size > 1,
      })),
    );
    return { total: found.length, groups };
  });
}
