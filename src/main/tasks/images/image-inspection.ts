/**
 * Pictures of a trained classifier: its first filters, and what it finds most alike; and whether the images it is tested with
 * were already there, without their labels, when its backbone was pretrained.
 */
import { LabError } from '../../../shared/errors.ts';
import { svgToPng, tilesSvg } from '../../figures/figures.ts';
import type { DenseFeatures } from '../baselines/features.ts';
import { denseFeatures } from '../baselines/features.ts';
import { findNeighbours } from '../baselines/nearest-neighbours.ts';
import { openImageCorpus } from '../../data/images/image-store.ts';
import { findSharedPictures } from '../../data/images/leakage.ts';
import type { Finding, Inspection, InspectionReport, Picture } from '../task.ts';
import { filterPicture } from './filters.ts';
import type { LabelledImages, LabelledImageSettings } from './labelled-images.ts';
import { imageBatch, openLabelledImages } from './labelled-images.ts';

const shown = { queries: 6, neighbours: 6 } as const;
const mostSearched = 2048;
const namedPictures = 3;

export async function inspectImages(inspection: Inspection<LabelledImageSettings>): Promise<InspectionReport> {
  const images = openLabelledImages(inspection.setup);
  try {
    const pictures = [...(await filterPicture(inspection.parameters)), await neighbourPicture(inspection, images)];
    return { findings: seenInPretraining(inspection, images), pictures };
  } finally {
    images.dataset.close();
  }
}

/** Images of the test, or nearly the same ones, in the pretraining corpus. None where it has gone, or has other channels. */
function seenInPretraining(
  { pretrainedOn, signal }: Inspection<LabelledImageSettings>,
  { dataset, sides }: LabelledImages,
): Finding[] {
  if (pretrainedOn === undefined) return [];
  const corpus = openImageCorpus(pretrainedOn);
  try {
    if (corpus.shape.channels !== dataset.shape.channels) return [];
    const heldOut = new Set(sides.test.length > 0 ? sides.test : sides.validation);
    const shared = findSharedPictures(corpus, dataset, { signal }).filter(({ second }) => heldOut.has(second));
    const named = shared
      .slice(0, namedPictures)
      .map(({ first, second }) => `${dataset.source(second).path} (${corpus.source(first).path})`);
    return [
      {
        name: 'seen in pretraining',
        summary: 'Share of the held-out images that are in the pretraining corpus as well, or nearly the same ones',
        value: shared.length / heldOut.size,
        reference: 0,
        ...(shared.length > 0 && {
          warning: `${shared.length} of the ${heldOut.size} held-out images were pretrained on, without their labels: ${named.join(', ')}${shared.length > named.length ? ' …' : ''}. The test may flatter; take them out of the corpus`,
        }),
      },
    ];
  } finally {
    corpus.close();
  }
}

const right = '#1a7f4b';
const wrong = '#b3361e';

/** Held-out images, each with the training images whose features are nearest: green of the same class, red of another. */
async function neighbourPicture(
  inspection: Inspection<LabelledImageSettings>,
  images: LabelledImages,
): Promise<Picture> {
  const { dataset, sides } = images;
  const heldOut = sides.test.length > 0 ? sides.test : sides.validation;
  const stride = Math.max(1, Math.floor(heldOut.length / shown.queries));
  const queries = heldOut.filter((_, index) => index % stride === 0).subarray(0, shown.queries);
  const references = sides.training.subarray(0, mostSearched);
  const { indices, count } = await findNeighbours(
    await embed(inspection, images, references),
    await embed(inspection, images, queries),
    { neighbours: shown.neighbours, signal: inspection.signal },
  );
  const tile = (image: number, frame: string) => ({
    pixels: dataset.pixels(image).slice(),
    shape: dataset.shape,
    caption: dataset.classes[dataset.labels[image]!]!,
    frame,
  });
  const tiles = Array.from(queries).flatMap((query, row) => [
    tile(query, '#1c5fb0'),
    ...Array.from(indices.subarray(row * count, (row + 1) * count), (reference) => {
      const image = references[reference]!;
      return tile(image, dataset.labels[image] === dataset.labels[query] ? right : wrong);
    }),
  ]);
  const title = 'Held-out images (blue) and the training images that the network finds most alike';
  const svg = await tilesSvg(tiles, { columns: count + 1, side: 80, title });
  return { file: 'nearest-neighbours.png', title, content: await svgToPng(svg, 2) };
}

async function embed(
  { run, batchSize, signal }: Inspection<LabelledImageSettings>,
  { dataset }: LabelledImages,
  images: Uint32Array,
): Promise<DenseFeatures> {
  let values: Float32Array | undefined;
  let columns = 0;
  for (let first = 0; first < images.length; first += batchSize) {
    if (signal.aborted) throw new LabError('aborted', 'the inspection was stopped');
    const rows = Array.from({ length: batchSize }, (_, row) => images[first + row]);
    const { embeddings } = await run(imageBatch(dataset, rows));
    if (!embeddings) throw new LabError('internal', "the evaluation program has no output 'embeddings'");
    columns = embeddings.data.length / batchSize;
    values ??= new Float32Array(images.length * columns);
    const used = Math.min(batchSize, images.length - first);
    values.set(embeddings.data.subarray(0, used * columns), first * columns);
  }
  return denseFeatures(values ?? new Float32Array(0), images.length, columns);
}
