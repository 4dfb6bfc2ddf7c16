/** How models are spoken of. */
import type { ModelDetails } from '../../../../shared/contract/models.ts';
import { formatCount, plural } from '../../../../shared/display.ts';

export function inputWords(input: ModelDetails['input']): string {
  switch (input.kind) {
    case 'tokens':
      return `Text of up to ${formatCount(input.length)} tokens; vocabulary of ${formatCount(input.vocabularySize)}`;
    case 'image':
      return `Images of ${input.height} × ${input.width}, ${plural(input.channels, 'channel')}`;
    case 'frames':
      return `Sequences of ${formatCount(input.length)} vectors of ${formatCount(input.features)}`;
  }
}

const fits: Readonly<Record<string, string>> = {
  'center-crop': 'cut from the centre',
  crop: 'cut',
  pad: 'padded',
  stretch: 'stretched',
};

/** How a picture becomes what the network was trained on, in a sentence. */
export function preprocessingWords(preprocessing: NonNullable<ModelDetails['preprocessing']>): string {
  const { height, width, fit, resizeShorter, statistics } = preprocessing;
  const resized = resizeShorter === null ? '' : `shorter side to ${resizeShorter}, then `;
  const rounded = (values: readonly number[]) => values.map((value) => value.toFixed(3)).join(', ');
  return `${resized}${height} × ${width}, ${fits[fit] ?? fit}; mean ${rounded(statistics.mean)}; standard deviation ${rounded(statistics.standardDeviation)}`;
}
