/** How networks of inverted residual units name their parts: torchvision's MobileNetV2, timm, and the package efficientnet_lite_pytorch. */

import type { UnitName } from './image-weights.ts';

export interface InvertedUnitNames {
  /** Undefined where the unit does not widen its input. */
  readonly expand: UnitName | undefined;
  readonly depthwise: UnitName;
  readonly project: UnitName;
}

export interface InvertedNames {
  readonly stem: UnitName;
  /** All units in order, in stages where the names tell them. */
  readonly stages: readonly (readonly InvertedUnitNames[])[] | undefined;
  readonly units: readonly InvertedUnitNames[];
  readonly features: UnitName;
  readonly head: string;
  readonly origin: 'torchvision' | 'timm' | 'efficientnet_lite_pytorch';
}

type Has = (tensor: string) => boolean;

/** Undefined where the tensors are called otherwise. */
export function invertedNames(has: Has): InvertedNames | undefined {
  if (has('features.0.0.weight') && has('features.1.conv.0.0.weight')) return torchvision(has);
  if (has('_conv_stem.weight') && has('_blocks.0._depthwise_conv.weight')) return efficientnetPackage(has);
  if (has('conv_stem.weight') && has('blocks.0.0.conv_dw.weight')) return timm(has);
  return undefined;
}

function torchvision(has: Has): InvertedNames {
  const isWide: boolean[] = [];
  for (let index = 1; has(`features.${index}.conv.0.0.weight`); index++) {
    isWide.push(has(`features.${index}.conv.1.0.weight`));
  }
  return torchvisionMobilenet(isWide);
}

/** @param isWide of each unit, whether it widens its input */
export function torchvisionMobilenet(isWide: readonly boolean[]): InvertedNames {
  const units = isWide.map((wide, index): InvertedUnitNames => {
    const path = `features.${index + 1}.conv`;
    const part = (place: number): UnitName => ({
      convolution: `${path}.${place}.0`,
      normalisation: `${path}.${place}.1`,
    });
    const last = wide ? 2 : 1;
    return {
      expand: wide ? part(0) : undefined,
      depthwise: part(last - 1),
      project: { convolution: `${path}.${last}`, normalisation: `${path}.${last + 1}` },
    };
  });
  const plain = (index: number): UnitName => ({
    convolution: `features.${index}.0`,
    normalisation: `features.${index}.1`,
  });
  return {
    stem: plain(0),
    stages: undefined,
    units,
    features: plain(units.length + 1),
    head: 'classifier.1',
    origin: 'torchvision',
  };
}

function efficientnetPackage(has: Has): InvertedNames {
  const units: InvertedUnitNames[] = [];
  for (let index = 0; has(`_blocks.${index}._depthwise_conv.weight`); index++) {
    const path = `_blocks.${index}`;
    const part = (convolution: string, normalisation: number): UnitName => ({
      convolution: `${path}._${convolution}_conv`,
      normalisation: `${path}._bn${normalisation}`,
    });
    units.push({
      expand: has(`${path}._expand_conv.weight`) ? part('expand', 0) : undefined,
      depthwise: part('depthwise', 1),
      project: part('project', 2),
    });
  }
  return {
    stem: { convolution: '_conv_stem', normalisation: '_bn0' },
    stages: undefined,
    units,
    features: { convolution: '_conv_head', normalisation: '_bn1' },
    head: '_fc',
    origin: 'efficientnet_lite_pytorch',
  };
}

function timm(has: Has): InvertedNames {
  const stages: InvertedUnitNames[][] = [];
  for (let stage = 0; has(`blocks.${stage}.0.conv_dw.weight`); stage++) {
    const units: InvertedUnitNames[] = [];
    for (let index = 0; has(`blocks.${stage}.${index}.conv_dw.weight`); index++) {
      const path = `blocks.${stage}.${index}`;
      const isWide = has(`${path}.conv_pwl.weight`);
      const part = (convolution: string, normalisation: number): UnitName => ({
        convolution: `${path}.conv_${convolution}`,
        normalisation: `${path}.bn${normalisation}`,
      });
      units.push(
        isWide
          ? { expand: part('pw', 1), depthwise: part('dw', 2), project: part('pwl', 3) }
          : { expand: undefined, depthwise: part('dw', 1), project: part('pw', 2) },
      );
    }
    stages.push(units);
  }
  return {
    stem: { convolution: 'conv_stem', normalisation: 'bn1' },
    stages,
    units: stages.flat(),
    features: { convolution: 'conv_head', normalisation: 'bn2' },
    head: 'classifier',
    origin: 'timm',
  };
}
