/** What a transcript belongs to: the image of a line, or a recording. The task itself does not care which. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkImages } from '../../../shared/spec/network-images.ts';
import { openAudioDataset } from '../../data/audio/audio-dataset.ts';
import { openImageDataset } from '../../data/images/image-store.ts';
import { drawFrames, frameFeeds, framesInput } from '../audio/frames.ts';
import { imageFacts, readPlanar, trainingStatistics, writePlanar } from '../images/image-facts.ts';
import type { Feeds, PreviewItem, TaskFacts } from '../task.ts';

export interface LineMaterial {
  readonly length: number;
  /** The transcripts that occur. */
  readonly classes: readonly string[];
  /** For each line an index into `classes`. */
  readonly labels: Int32Array;
  /** Lines of one group stay on one side of a split. */
  readonly groups: Uint32Array | undefined;
  /** The sides of the split that came with the material, if one did. */
  readonly sides: Uint8Array | undefined;
  readonly contentHash: string;
  /** Where a line came from, relative to the source. */
  path(line: number): string;
  facts(training: Uint32Array): TaskFacts;
  /** Undefined stands for no line. */
  feeds(lines: readonly (number | undefined)[]): Feeds;
  preview(line: number, note: string): PreviewItem;
  close(): void;
}

/**
 * Opens a labelled dataset of images or of sound. Throws what opening it does.
 *
 * @param network what the network reads of images, where that may be another shape than the stored one
 */
export function openLineMaterial(folder: string, network?: NetworkImages): LineMaterial {
  return isAudio(folder) ? openRecordings(folder) : openImages(folder, network);
}

function isAudio(folder: string): boolean {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    return typeof manifest === 'object' && manifest !== null && 'kind' in manifest && manifest.kind === 'audio-dataset';
  } catch {
    return false; // whoever opens it says what is wrong
  }
}

function openImages(folder: string, network: NetworkImages | undefined): LineMaterial {
  const dataset = openImageDataset(folder, { network });
  const { height, width, channels } = dataset.shape;
  const size = height * width * channels;
  return {
    length: dataset.length,
    classes: dataset.classes,
    labels: dataset.labels,
    groups: dataset.groups,
    sides: dataset.sides,
    contentHash: dataset.manifest.contentHash,
    path: (line) => dataset.source(line).path,
    facts: (training) => ({
      input: { kind: 'image', ...dataset.shape, statistics: trainingStatistics(dataset, training) },
      images: imageFacts(dataset),
    }),
    feeds(lines) {
      const image = new Float32Array(lines.length * size);
      for (const [row, line] of lines.entries()) {
        if (line !== undefined) writePlanar(dataset.pixels(line), channels, image, row * size);
      }
      return { image };
    },
    preview(line, note) {
      const image = new Float32Array(size);
      writePlanar(dataset.pixels(line), channels, image, 0);
      return {
        kind: 'image',
        width,
        height,
        channels,
        pixels: readPlanar(image, channels, 0, height * width),
        note,
      };
    },
    close: () => {
      dataset.close();
    },
  };
}

function openRecordings(folder: string): LineMaterial {
  const dataset = openAudioDataset(folder);
  const { options, contentHash } = dataset.manifest;
  return {
    length: dataset.length,
    classes: dataset.classes,
    labels: dataset.labels,
    groups: dataset.groups,
    sides: dataset.sides,
    contentHash,
    path: (line) => dataset.path(line),
    facts: () => ({ input: framesInput(dataset), audio: options }),
    feeds: (lines) => frameFeeds(dataset, lines),
    preview: (line, note) => ({ ...drawFrames(dataset.frames(line), options.bands), note }),
    close: () => {
      dataset.close();
    },
  };
}
