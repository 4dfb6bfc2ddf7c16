/**
 * Whether a network that finds the other view of an image has looked at what is in it, or at its colours: two crops of a
 * picture have nearly the same histogram, which is why views change their colours (Chen et al. 2020, section 3.2 and figure 5).
 * And whether its embeddings have collapsed. With pictures of the views, the filters and neighbours.
 */
import { LabError } from '../../../shared/errors.ts';
import { svgToPng, tilesSvg } from '../../figures/figures.ts';
import type { DenseFeatures } from '../baselines/features.ts';
import { denseFeatures } from '../baselines/features.ts';
import { fitStandardisation, standardise } from '../baselines/linear-probe.ts';
import { findNeighbours } from '../baselines/nearest-neighbours.ts';
import type { Feeds, Finding, Inspection, InspectionReport, Picture } from '../task.ts';
import { collapseFindings, gatherRows, neighbourPicture, outputRows } from './embedding-audit.ts';
import { filterPicture } from './filters.ts';
import { readPlanar } from './image-facts.ts';
import type { ImageViews } from './image-views.ts';
import { shortcutFeatures, shortcutRows } from './shortcut-features.ts';
import type { UnlabelledImages } from './unlabelled-images.ts';

/** Held-out images whose views are looked for among each other. */
const searched = 256;
/** A shortcut that finds so large a part of what the network finds may be all that it found. */
const suspicious = 0.5;
const shownPairs = 12;

/** @param corpus is not closed. */
export async function inspectViews(
  inspection: Inspection<unknown>,
  corpus: UnlabelledImages,
  views: ImageViews,
): Promise<InspectionReport> {
  const { batchSize, run, setup, signal } = inspection;
  const { shape } = corpus.store;
  const heldOut = corpus.sides.test.length > 0 ? corpus.sides.test : corpus.sides.validation;
  const count = Math.min(searched, heldOut.length);
  const feeds: Feeds[] = [];
  const parts: Record<'image' | 'embeddings' | 'projections', Float32Array[]> = {
    image: [],
    embeddings: [],
    projections: [],
  };
  const length = shape.height * shape.width * shape.channels;
  for (let first = 0; first < count; first += batchSize) {
    if (signal.aborted) throw new LabError('aborted', 'the audit was stopped');
    const batch = views.evaluation(heldOut, setup.splitSeed, first, batchSize, count);
    const outputs = await run(batch);
    const rows = 2 * Math.min(batchSize, count - first);
    feeds.push(batch);
    parts.image.push((batch.image as Float32Array).subarray(0, rows * length)); // the sampler's own feeds
    parts.embeddings.push(outputRows(outputs, 'embeddings', rows));
    parts.projections.push(outputRows(outputs, 'projections', rows));
  }
  const images = gatherRows(parts.image, 2 * count);
  const embeddings = gatherRows(parts.embeddings, 2 * count);
  const projections = gatherRows(parts.projections, 2 * count);
  const found = await foundShare(projections, 'cosine', signal);
  const title = 'Held-out images (blue frame) and what the network finds most alike';
  const firsts = everySecond(embeddings);
  const picture = (row: number) => ({
    pixels: readPlanar(images.values, shape.channels, row * length, shape.height * shape.width),
    shape,
  });
  return {
    findings: [
      {
        name: 'other view found, network',
        summary: `Share of ${2 * count} held-out views whose own other view the network finds among all others`,
        value: found,
        reference: 1 / (2 * count - 1),
      },
      ...(await shortcuts(images.values, 2 * count, inspection, corpus, found)),
      ...collapseFindings('embeddings', embeddings),
      ...collapseFindings('projections', projections),
    ],
    pictures: [
      await pairPicture(count, picture),
      ...(await filterPicture(inspection.parameters)),
      await neighbourPicture(firsts, (row) => picture(2 * row), title, signal),
    ],
  };
}

async function shortcuts(
  images: Float32Array,
  rows: number,
  { signal }: Inspection<unknown>,
  { store: { shape } }: UnlabelledImages,
  found: number,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const feature of shortcutFeatures) {
    const described = shortcutRows(feature, images, rows, shape);
    const value = await foundShare(standardise(fitStandardisation(described), described), 'euclidean', signal);
    findings.push({
      name: `shortcut, ${feature.name}`,
      summary: `The same share, by ${feature.of}`,
      value,
      reference: 1 / (rows - 1),
      ...(value > suspicious * found &&
        value > 2 / rows && {
          warning: `the other view can be found by ${feature.of} (${percent(value)}; the network: ${percent(found)}): it may have learned little else; ${feature.remedy}`,
        }),
    });
  }
  return findings;
}

/** Share of the rows whose nearest other row is their other view. */
async function foundShare(
  features: DenseFeatures,
  metric: 'cosine' | 'euclidean',
  signal: AbortSignal,
): Promise<number> {
  const { indices, count } = await findNeighbours(features, features, { neighbours: 2, metric, signal });
  let right = 0;
  for (let row = 0; row < features.rows; row += 1) {
    const nearest = [...indices.subarray(row * count, (row + 1) * count)].find((other) => other !== row);
    if (nearest === (row ^ 1)) right += 1;
  }
  return right / features.rows;
}

function everySecond({ rows, columns, values }: DenseFeatures): DenseFeatures {
  const count = rows / 2;
  const kept = new Float32Array(count * columns);
  for (let row = 0; row < count; row += 1) {
    kept.set(values.subarray(2 * row * columns, (2 * row + 1) * columns), row * columns);
  }
  return denseFeatures(kept, count, columns);
}

/** The two views of each of the first images, side by side. */
async function pairPicture(
  count: number,
  picture: (row: number) => { readonly pixels: Uint8Array; readonly shape: UnlabelledImages['store']['shape'] },
): Promise<Picture> {
  const tiles = Array.from({ length: 2 * Math.min(shownPairs, count) }, (_, row) => picture(row));
  const title = 'Two views of each image, side by side';
  const svg = await tilesSvg(tiles, { columns: 8, side: 72, title });
  return { file: 'views.png', title, content: await svgToPng(svg, 2) };
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
