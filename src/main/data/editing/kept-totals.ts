/** What a manifest says of its examples together, over those that edits have left. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { LabError, messageOf } from '../../../shared/errors.ts';
import type { ImageDatasetManifest } from '../../../shared/spec/manifests/image-dataset.ts';
import { PixelShardReader } from '../images/pixel-shards.ts';
import { ChannelHistograms } from '../images/statistics.ts';
import type { DatasetManifest } from './dataset-files.ts';

const textLine = z.looseObject({ text: z.string(), pair: z.string().optional() });
const recordingLine = z.looseObject({ seconds: z.number(), frames: z.int(), group: z.string().optional() });

/**
 * The manifest with what depends on which examples are left: bytes of text; seconds, the longest recording and groups;
 * statistics of the channels and near duplicates.
 * @param folder with the files as they were imported
 * @param kept places of the examples that are left, ascending
 * @param groups of those examples; read for images alone
 * @throws LabError `corrupt`
 */
export async function withKeptTotals(
  folder: string,
  imported: DatasetManifest,
  kept: Uint32Array,
  groups: Uint32Array | undefined,
): Promise<DatasetManifest> {
  switch (imported.kind) {
    case 'text-dataset': {
      let textBytes = 0;
      await eachLine(join(folder, 'examples.jsonl'), kept, textLine, ({ text, pair = '' }) => {
        textBytes += Buffer.byteLength(text) + Buffer.byteLength(pair);
      });
      return { ...imported, textBytes, groups: undefined }; // which of them are left is not known: equal texts joined some
    }
    case 'audio-dataset': {
      const total = { seconds: 0, longest: 0 };
      const named = new Set<string>();
      await eachLine(join(folder, 'recordings.jsonl'), kept, recordingLine, ({ seconds, frames, group }) => {
        total.seconds += seconds;
        total.longest = Math.max(total.longest, frames);
        if (group !== undefined) named.add(group);
      });
      // Recordings without a group stand alone in the same file, which is read as long as there was a group.
      return { ...imported, ...total, ...(imported.groups !== undefined && { groups: Math.max(1, named.size) }) };
    }
    case 'image-dataset':
      return {
        ...imported,
        statistics: statisticsOf(folder, imported, kept),
        duplicates: { ...imported.duplicates, ...countGroups(groups ?? new Uint32Array(0)) },
      };
  }
}

/** Calls back for the lines at the places, which ascend. */
async function eachLine<Line>(
  file: string,
  kept: Uint32Array,
  schema: z.ZodType<Line>,
  onLine: (line: Line) => void,
): Promise<void> {
  let next = 0;
  let place = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (place === kept[next]) {
        onLine(schema.parse(JSON.parse(line)));
        next += 1;
      }
      place += 1;
    }
  } catch (error) {
    throw new LabError('corrupt', `${file} is damaged: ${messageOf(error)}. Import again.`, { file }, error);
  }
  if (next < kept.length) {
    throw new LabError('corrupt', `${file} ends at line ${place}. Import again.`, { file });
  }
}

function statisticsOf(
  folder: string,
  { height, width, channels, shards, imagesPerShard }: ImageDatasetManifest,
  kept: Uint32Array,
) {
  const histograms = new ChannelHistograms(channels);
  const reader = new PixelShardReader(folder, shards, height * width * channels, imagesPerShard);
  try {
    for (const image of kept) histograms.add(reader.pixels(image));
  } finally {
    reader.close();
  }
  return histograms.statistics();
}

/** Groups of two or more, and how many are in them. */
function countGroups(groups: Uint32Array): { groups: number; groupedImages: number } {
  const sizes = new Map<number, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const shared = [...sizes.values()].filter((size) => size > 1);
  return { groups: shared.length, groupedImages: shared.reduce((sum, size) => sum + size, 0) };
}
