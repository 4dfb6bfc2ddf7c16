/** Asks a model of patches about one image: around its middle, where does each neighbour belong? */
import { LabError } from '../../../shared/errors.ts';
import type { PredictionAnswer, PredictionModel, PredictionQuery } from '../task.ts';
import { classAnswer } from '../classification/answers.ts';
import type { PatchOptions } from './patch-geometry.ts';
import { cellCorner, gridCell, patchGeometry, placeCount, placeNames } from './patch-geometry.ts';
import type { ChromaHandling } from './patch-sampler.ts';
import { createPatchPairs } from './patch-sampler.ts';

/** Eight questions, one for each place of the grid in the middle of the image; the true place is part of the question. */
export async function predictPlaces(
  model: PredictionModel,
  { image, top }: PredictionQuery,
  options: PatchOptions & { readonly chroma: ChromaHandling },
): Promise<PredictionAnswer[]> {
  if (!image) throw new LabError('bad-input', 'this model needs an image');
  const shape = { height: image.height, width: image.width, channels: image.channels };
  const geometry = patchGeometry(options, shape);
  const side = 3 * geometry.size + 2 * geometry.gap;
  const middle = { top: Math.floor((shape.height - side) / 2), left: Math.floor((shape.width - side) / 2) };
  const mean = new Array<number>(shape.channels).fill(0.5);
  const store = { shape, statistics: { mean, standardDeviation: mean }, pixels: () => image.pixels };
  const pairs = createPatchPairs(store, { geometry, chroma: options.chroma, detailLoss: 0 });
  const answers: PredictionAnswer[] = [];
  for (let place = 0; place < placeCount; place += 1) {
    const corners = [[1, 1] as const, gridCell(place)].map((cell) => cellCorner(middle, cell, geometry));
    const { logits } = await model.run({ image: pairs.cut(0, corners, place) });
    answers.push(classAnswer(`Where is the patch that lies ${placeNames[place]!}?`, logits?.data, placeNames, top));
  }
  return answers;
}
