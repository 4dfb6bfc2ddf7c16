/** The weights of networks of inverted residual units, under whatever names. */
import type { InvertedShape } from '../../../nn/presets/mobilenet.ts';
import type { WeightNames } from './image-weights.ts';
import { mapUnit } from './image-weights.ts';
import type { InvertedNames } from './inverted-names.ts';

/** All weights but those of the head, which reads `features`. */
export function mapInverted(
  map: WeightNames,
  names: Pick<InvertedNames, 'stem' | 'units' | 'features'>,
  { stem, stages, features }: Pick<InvertedShape, 'stem' | 'stages' | 'features'>,
): void {
  mapUnit(map, 'backbone/stem', names.stem, [stem, 3, 3, 3]);
  let inputs = stem;
  let first = 0;
  for (const [stage, { channels, units: count, kernel, expansion }] of stages.entries()) {
    for (const [index, { expand, depthwise, project }] of names.units.slice(first, first + count).entries()) {
      const ours = `backbone/stage${stage + 1}/layer.${index}`;
      const width = inputs * expansion;
      if (expand) mapUnit(map, `${ours}/expand`, expand, [width, inputs, 1, 1]);
      mapUnit(map, `${ours}/depthwise`, depthwise, [width, 1, kernel, kernel]);
      mapUnit(map, `${ours}/project`, project, [channels, width, 1, 1]);
      inputs = channels;
    }
    first += count;
  }
  mapUnit(map, 'backbone/features', names.features, [features, inputs, 1, 1]);
}
