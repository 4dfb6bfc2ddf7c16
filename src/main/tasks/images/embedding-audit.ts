/** What every audit of a network on images looks at: whether its embeddings have collapsed, and which images it finds alike. */
import { LabError } from '../../../shared/errors.ts';
import type { Tile } from '../../figures/figures.ts';
import { svgToPng, tilesSvg } from '../../figures/figures.ts';
import type { DenseFeatures } from '../baselines/features.ts';
import { denseFeatures } from '../baselines/features.ts';
import { findNeighbours } from '../baselines/nearest-neighbours.ts';
import { effectiveRank, relativeDeviation } from '../metrics/embedding-spread.ts';
import type { Feeds, Finding, Picture, TensorData } from '../task.ts';

/** Below these, embeddings hardly differ, or differ in hardly anything. */
const suspicious = { deviation: 0.1, rank: 3 } as const;

/** Spread and effective rank of embeddings of held-out examples; `name` is what they are called, `examples` what they are of. */
export function collapseFindings(name: string, features: DenseFeatures, examples = 'images'): Finding[] {
  const deviation = relativeDeviation(features);
  const rank = effectiveRank(features);
  const remedy = `more different ${examples} in a batch, a lower learning rate or another loss help; what is fine-tuned from here can hardly be better than from scratch`;
  return [
    {
      name: `spread, ${name}`,
      summary: `Mean standard deviation of a feature of the ${name}, scaled to length 1, times √features: 1 where they are spread evenly, 0 where all are the same`,
      value: deviation,
      reference: 1,
      ...(!(deviation >= suspicious.deviation) && {
        warning: `the ${name} of different ${examples} are nearly the same (spread ${deviation.toFixed(3)}): the network has collapsed, and ${remedy}`,
      }),
    },
    {
      name: `effective rank, ${name}`,
      summary: `How many of the ${features.columns} directions the ${name} of ${features.rows} held-out ${examples} make use of (e to the entropy of the singular values)`,
      value: rank,
      reference: features.columns,
      ...(rank < suspicious.rank && {
        warning: `the ${name} differ in about ${Math.max(1, Math.round(rank))} of ${features.columns} directions: the network has collapsed onto them, and ${remedy}`,
      }),
    },
  ];
}

/** An output of the evaluation program, its first `rows` rows. Throws `LabError('internal')` where there is none. */
export function outputRows(outputs: TensorData, name: string, rows: number): Float32Array {
  const tensor = outputs[name];
  if (!(tensor?.data instanceof Float32Array)) {
    throw new LabError('internal', `the evaluation program has no output '${name}'`);
  }
  return tensor.data.slice(0, (tensor.data.length / (tensor.shape[0] ?? 1)) * rows);
}

/** Rows of several batches as one table. */
export function gatherRows(parts: readonly Float32Array[], rows: number): DenseFeatures {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return denseFeatures(all, rows, rows === 0 ? 0 : all.length / rows);
}

/** The part of a float feed that belongs to a row. */
export function feedRow(feeds: Feeds, name: string, row: number, length: number): Float32Array {
  const data = feeds[name];
  if (!(data instanceof Float32Array)) throw new LabError('internal', `the batch has no '${name}'`);
  return data.subarray(row * length, (row + 1) * length);
}

const shown = { queries: 6, each: 7 } as const;

/** Images and what the network finds most alike among them: a row for each query. */
export async function neighbourPicture(
  features: DenseFeatures,
  tile: (row: number) => Tile,
  title: string,
  signal: AbortSignal,
): Promise<Picture> {
  const count = Math.min(shown.queries, features.rows);
  const stride = Math.max(1, Math.floor(features.rows / Math.max(1, count)));
  const rows = Array.from({ length: count }, (_, index) => index * stride);
  const queries = gatherRows(
    rows.map((row) => features.values.slice(row * features.columns, (row + 1) * features.columns)),
    count,
  );
  const found = await findNeighbours(features, queries, { neighbours: shown.each, signal });
  const tiles = Array.from(found.indices, (index, position) => ({
    ...tile(index),
    ...(position % found.count === 0 && { frame: '#1c5fb0' }),
  }));
  const svg = await tilesSvg(tiles, { columns: found.count, side: 64, title });
  return { file: 'nearest-neighbours.png', title, content: await svgToPng(svg, 2) };
}
