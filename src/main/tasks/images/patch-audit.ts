/**
 * Whether a network that places patches has learned what it should, or a shortcut (C. Doersch et al. 2015, section 4.1):
 * the places must be drawn equally often; a single patch must not tell where in the image it was; and what accuracy is made
 * of shows when gap, jitter and colour handling are taken away. With pictures of the quiz, the filters and neighbours.
 */
import { LabError } from '../../../shared/errors.ts';
import { wilsonInterval } from '../../../shared/stats.ts';
import { patchQuizSvg, svgToPng, tilesSvg } from '../../figures/figures.ts';
import type { DenseFeatures } from '../baselines/features.ts';
import { denseFeatures } from '../baselines/features.ts';
import { fitLinearProbe, probeProbabilities } from '../baselines/linear-probe.ts';
import { findNeighbours } from '../baselines/nearest-neighbours.ts';
import { accuracy } from '../metrics/classification.ts';
import { mostProbable, softmaxRows } from '../metrics/probabilistic.ts';
import type { Feeds, Finding, Inspection, InspectionReport, Picture } from '../task.ts';
import { collapseFindings } from './embedding-audit.ts';
import { filterPicture } from './filters.ts';
import type { PatchCorpus, PatchTaskOptions } from './patch-corpus.ts';
import { openPatchCorpus } from './patch-corpus.ts';
import { placeCount, placeNames } from './patch-geometry.ts';
import { patchTile } from './patch-pictures.ts';
import type { PatchPairs } from './patch-sampler.ts';

/** Pairs that each accuracy is measured on. */
const auditedPairs = 1024;
/** Single patches that the position probe is fitted to, chosen with, and scored on. */
const probed = { training: 1024, validation: 384, test: 1024 } as const;
/** The image is divided into so many cells a side for the position probe. */
const cells = 3;
/** A probe that is right so much more often than chance has found something. */
const suspicious = 1.5;
const quizzes = 4;

export async function inspectPatches(inspection: Inspection<PatchTaskOptions>): Promise<InspectionReport> {
  const corpus = openPatchCorpus(inspection.setup);
  try {
    const audit = { ...inspection, corpus };
    return {
      findings: [...classBalance(audit), ...(await positionProbes(audit)), ...(await withoutDefences(audit))],
      pictures: [
        ...(await quizPictures(audit)),
        ...(await filterPicture(inspection.parameters)),
        await neighbourPicture(audit),
      ],
    };
  } finally {
    corpus.store.close();
  }
}

type Audit = Inspection<PatchTaskOptions> & { readonly corpus: PatchCorpus };

/** Images of the test, or of the validation where there is no test. */
function heldOut({ corpus: { sides } }: Audit): Uint32Array {
  return sides.test.length > 0 ? sides.test : sides.validation;
}

function classBalance({ corpus: { pairs, sides }, setup }: Audit): Finding[] {
  const counts = new Float64Array(placeCount);
  for (let counter = 0; counter < auditedPairs; counter += 1) {
    counts[pairs.pair(sides.training, setup.splitSeed, counter).place]! += 1;
  }
  const expected = auditedPairs / placeCount;
  const value = Math.max(...counts.map((count) => Math.abs(count - expected))) / expected;
  return [
    {
      name: 'class imbalance',
      summary: `Largest deviation of a place from an eighth of ${auditedPairs} training pairs, relative`,
      value,
      reference: 0,
      ...(value > 0.1 && { warning: 'the eight places are not drawn equally often' }),
    },
  ];
}

/** Where single patches were cut, from their pixels and from the network's embedding of them; and whether those have collapsed. */
async function positionProbes(audit: Audit): Promise<Finding[]> {
  const { corpus, setup, signal, batchSize, run } = audit;
  const { shape } = corpus.store;
  const { size } = corpus.geometry;
  const pixelCount = size * size * shape.channels;
  const cell = (corner: number, length: number): number =>
    Math.min(cells - 1, Math.floor((corner * cells) / Math.max(1, length - size + 1)));
  const gather = async (images: Uint32Array, count: number, seed: number) => {
    const labels: number[] = [];
    const pixels = new Float32Array(count * pixelCount);
    const rows: Float32Array[] = [];
    for (let first = 0; first < count; first += 2 * batchSize) {
      const { image, corners } = corpus.pairs.singles(images, seed, first, 2 * batchSize);
      const wanted = Math.min(2 * batchSize, count - first);
      pixels.set(image.subarray(0, wanted * pixelCount), first * pixelCount);
      for (const { top, left } of corners.slice(0, wanted)) {
        labels.push(cell(top, shape.height) * cells + cell(left, shape.width));
      }
      const embeddings = await embed(run, image, batchSize);
      rows.push(embeddings.slice(0, (embeddings.length / (2 * batchSize)) * wanted));
    }
    const embedded = concatenate(rows);
    return {
      labels,
      pixels: denseFeatures(pixels, count, pixelCount),
      embedding: denseFeatures(embedded, count, embedded.length / count),
    };
  };
  const training = await gather(corpus.sides.training, probed.training, setup.splitSeed);
  const validation = await gather(corpus.sides.validation, probed.validation, setup.splitSeed + 1);
  const test = await gather(heldOut(audit), probed.test, setup.splitSeed + 2);
  const chance = 1 / cells ** 2;
  const score = async (name: string, of: string, pick: (side: typeof test) => DenseFeatures): Promise<Finding> => {
    const probe = await fitLinearProbe(
      { features: pick(training), labels: training.labels },
      { features: pick(validation), labels: validation.labels },
      cells ** 2,
      { signal, penalties: [1, 0.1, 0.01] },
    );
    const predicted = mostProbable(probeProbabilities(probe, pick(test)), cells ** 2);
    const value = accuracy(test.labels, predicted);
    const low = wilsonInterval(Math.round(value * probed.test), probed.test)?.low ?? 0;
    return {
      name,
      summary: `Accuracy of a linear probe that says, from ${of} of a single patch, in which of ${cells} × ${cells} parts of the image it was cut`,
      value,
      reference: chance,
      ...(low > suspicious * chance && {
        warning: `single patches tell by ${of} where in the image they were (${percent(value)}, chance is ${percent(chance)}): borders, a common layout or the lens give places away. Part of the accuracy may rest on that; larger or more varied images, or another crop, help`,
      }),
    };
  };
  return [
    await score('absolute position, pixels', 'the pixels', (side) => side.pixels),
    await score('absolute position, embedding', 'the embedding', (side) => side.embedding),
    ...collapseFindings('embeddings', test.embedding),
  ];
}

/** The accuracy of the trained network as trained, and with each defence against shortcuts taken away from the pairs. */
async function withoutDefences(audit: Audit): Promise<Finding[]> {
  const { corpus } = audit;
  const { geometry, pairs, store } = corpus;
  const variants: readonly (readonly [string, string, PatchPairs])[] = [
    ['accuracy, as trained', 'Accuracy on held-out pairs', pairs],
    ['accuracy, no gap', 'The same with patches that touch', corpus.treated({ geometry: { ...geometry, gap: 0 } })],
    ['accuracy, no jitter', 'The same without jitter', corpus.treated({ geometry: { ...geometry, jitter: 0 } })],
    ...(store.shape.channels === 3
      ? ([['accuracy, all colours', 'The same with colours as they are', corpus.treated({ chroma: 'none' })]] as const)
      : []),
    ['accuracy, all details', 'The same without loss of detail', corpus.treated({ detailLoss: 0 })],
  ];
  const findings: Finding[] = [];
  for (const [name, summary, treated] of variants) {
    findings.push({ name, summary, value: await accuracyOn(audit, treated), reference: 1 / placeCount });
  }
  return findings;
}

async function accuracyOn(audit: Audit, pairs: PatchPairs): Promise<number> {
  const { batchSize, run, setup, signal } = audit;
  const images = heldOut(audit);
  let right = 0;
  for (let first = 0; first < auditedPairs; first += batchSize) {
    if (signal.aborted) throw new LabError('aborted', 'the audit was stopped');
    const feeds = pairs.batch(images, setup.splitSeed, first, batchSize, auditedPairs);
    const { logits } = await run(feeds);
    const predicted = mostProbable(logits?.data ?? [], placeCount);
    predicted.forEach((place, row) => {
      if (feeds.weights?.[row] === 1 && feeds.labels?.[row] === place) right += 1;
    });
  }
  return right / auditedPairs;
}

async function quizPictures(audit: Audit): Promise<Picture[]> {
  const { corpus, batchSize, run, setup } = audit;
  const { size } = corpus.geometry;
  const { channels } = corpus.store.shape;
  const feeds = corpus.pairs.batch(heldOut(audit), setup.splitSeed, 0, batchSize);
  const { logits } = await run(feeds);
  const probabilities = softmaxRows(logits?.data ?? [], placeCount);
  const image = feeds.image as Float32Array; // the sampler's own feeds
  const count = Math.min(quizzes, batchSize);
  return Promise.all(
    Array.from({ length: count }, async (_, row): Promise<Picture> => {
      const answer = feeds.labels?.[row] ?? 0;
      const svg = await patchQuizSvg({
        first: patchTile(image, 2 * row, size, channels),
        second: patchTile(image, 2 * row + 1, size, channels),
        probabilities: probabilities.subarray(row * placeCount, (row + 1) * placeCount),
        answer,
      });
      return {
        file: `quiz-${row + 1}.png`,
        title: `Where does the second patch lie? (${placeNames[answer]!})`,
        content: await svgToPng(svg, 2),
      };
    }),
  );
}

const shownNeighbours = { queries: 6, each: 7, searched: 1024 } as const;

/** Patches that the network finds alike, as in figure 4 of the paper: a row for each query. */
async function neighbourPicture({ corpus, batchSize, run, setup, signal }: Audit): Promise<Picture> {
  const { size } = corpus.geometry;
  const { channels } = corpus.store.shape;
  const images = corpus.sides.training;
  const batches = Math.ceil(shownNeighbours.searched / (2 * batchSize));
  const patches: Float32Array[] = [];
  const rows: Float32Array[] = [];
  for (let index = 0; index < batches; index += 1) {
    const { image } = corpus.pairs.singles(images, setup.splitSeed + 3, index * 2 * batchSize, 2 * batchSize);
    patches.push(image);
    rows.push(await embed(run, image, batchSize));
  }
  const values = concatenate(rows);
  const count = batches * 2 * batchSize;
  const features = denseFeatures(values, count, values.length / count);
  const queries = denseFeatures(
    values.subarray(0, shownNeighbours.queries * features.columns),
    shownNeighbours.queries,
    features.columns,
  );
  const { indices, count: each } = await findNeighbours(features, queries, {
    neighbours: shownNeighbours.each,
    signal,
  });
  const all = concatenate(patches);
  const tiles = Array.from(indices, (index, position) => ({
    ...patchTile(all, index, size, channels),
    ...(position % each === 0 && { frame: '#1c5fb0' }),
  }));
  const title = 'Patches (blue frame) and what the network finds most alike';
  const svg = await tilesSvg(tiles, { columns: each, side: 64, title });
  return { file: 'nearest-neighbours.png', title, content: await svgToPng(svg, 2) };
}

async function embed(
  run: (feeds: Feeds) => ReturnType<Audit['run']>,
  image: Float32Array,
  batchSize: number,
): Promise<Float32Array> {
  const labels = new Int32Array(batchSize);
  const { embeddings } = await run({ image, labels, weights: new Float32Array(batchSize) });
  if (!(embeddings?.data instanceof Float32Array)) {
    throw new LabError('internal', "the evaluation program has no output 'embeddings'");
  }
  return embeddings.data;
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
