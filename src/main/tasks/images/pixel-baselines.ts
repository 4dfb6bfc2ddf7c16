/** What a network on images is compared with: the most frequent class, the mean colour, and the nearest images by their pixels. */
import type { ImageDataset } from '../../data/images/image-store.ts';
import { areaAverages } from '../../data/images/resample.ts';
import type { DenseFeatures } from '../baselines/features.ts';
import { denseFeatures } from '../baselines/features.ts';
import { fitLinearProbe, probeProbabilities } from '../baselines/linear-probe.ts';
import { neighbourProbabilities } from '../baselines/nearest-neighbours.ts';
import { classScores, majorityBaseline, probabilityScores } from '../classification/baselines.ts';
import { labelsOf } from '../classification/labelled-classes.ts';
import { scoredSide } from '../labelled/sides.ts';
import { mostProbable } from '../metrics/probabilistic.ts';
import type { Baseline } from '../task.ts';
import type { LabelledImages } from './labelled-images.ts';

/** Larger images are averaged down: what they look like is in few pixels, and distances take time. */
const comparedSide = 32;
/** More references than these only take longer. */
const mostReferences = 10_000;
const neighbourCounts = [1, 3, 5, 10, 20];

export async function pixelBaselines(labelled: LabelledImages, signal: AbortSignal): Promise<Baseline[]> {
  const { dataset, sides } = labelled;
  const classCount = dataset.classes.length;
  const scored = scoredSide(sides);
  const training = sides.training.subarray(0, mostReferences);
  const scoredLabels = labelsOf(dataset, scored);

  const colours = (images: Uint32Array): DenseFeatures => pixelFeatures(dataset, images, 1);
  const probe = await fitLinearProbe(
    { features: colours(training), labels: labelsOf(dataset, training) },
    { features: colours(sides.validation), labels: labelsOf(dataset, sides.validation) },
    classCount,
    { signal },
  );
  const colourProbabilities = probeProbabilities(probe, colours(scored));

  const pixels = (images: Uint32Array): DenseFeatures => pixelFeatures(dataset, images, comparedSide);
  const references = pixels(training);
  const vote = (images: Uint32Array, neighbours: number): Promise<Float64Array> =>
    neighbourProbabilities(references, labelsOf(dataset, training), pixels(images), classCount, {
      neighbours,
      metric: 'euclidean',
      vote: 'uniform',
      signal,
    });
  const { neighbours } = await bestNeighbourCount(
    neighbourCounts.filter((count) => count <= training.length),
    labelsOf(dataset, sides.validation),
    classCount,
    (count) => vote(sides.validation, count),
  );
  return [
    majorityBaseline(labelled, 'images'),
    {
      name: 'mean colour',
      summary: 'Logistic regression on the mean of each channel, fitted to the same labelled images',
      metrics: probabilityScores(scoredLabels, colourProbabilities, classCount),
    },
    {
      name: 'nearest pixels',
      summary: `Vote of the ${neighbours} labelled images with the most similar pixels; their number was chosen on the validation images`,
      metrics: classScores(scoredLabels, mostProbable(await vote(scored, neighbours), classCount), classCount),
    },
  ];
}

/** The number of neighbours that is right most often; of equally good ones, the first. */
export async function bestNeighbourCount(
  candidates: readonly number[],
  labels: Int32Array,
  classCount: number,
  vote: (neighbours: number) => Promise<Float64Array>,
): Promise<{ readonly neighbours: number; readonly accuracy: number }> {
  let best = { neighbours: candidates[0] ?? 1, accuracy: -1 };
  for (const neighbours of candidates) {
    const predicted = mostProbable(await vote(neighbours), classCount);
    const right = predicted.filter((label, row) => label === labels[row]).length;
    const accuracy = labels.length === 0 ? 0 : right / labels.length;
    if (accuracy > best.accuracy) best = { neighbours, accuracy };
  }
  return best;
}

/** Pixels from 0 to 1, of images no larger than side × side. */
export function pixelFeatures({ pixels, shape }: ImageDataset, images: Uint32Array, side: number): DenseFeatures {
  const isSmall = Math.max(shape.height, shape.width) <= side;
  const columns = (isSmall ? shape.height * shape.width : side * side) * shape.channels;
  const values = new Float32Array(images.length * columns);
  images.forEach((image, row) => {
    const own = isSmall ? pixels(image) : areaAverages(pixels(image), shape, side);
    values.set(own, row * columns);
  });
  return denseFeatures(
    values.map((value) => value / 255),
    images.length,
    columns,
  );
}
