/** An image becomes a sequence of patches (A. Dosovitskiy et al., "An image is worth 16 × 16 words", ICLR 2021, section 3.1). */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import { add, concat, constant, multiply, reshape, sizeAt, transpose } from '../../graph/index.ts';
import { parameter } from '../../graph/program.ts';
import { defineBlock } from '../block.ts';
import { convolutionLayer } from '../image-layers.ts';
import { weightInitialiser } from '../initialisers.ts';
import { dropoutLayer, dropoutOption, initialisationOption } from '../layers.ts';

const options = z.strictObject({
  hiddenSize: z.int().positive().default(192).describe('Size of the vectors'),
  patch: z.int().positive().default(16).describe('Rows and columns of a patch in pixels; divide the size of the image'),
  classToken: z
    .boolean()
    .default(true)
    .describe('A learned vector before the patches, in which the layers above collect what the image is about'),
  positions: z.boolean().default(true).describe('Add a learned vector for each place'),
  dropout: dropoutOption.default(0),
  initialisation: initialisationOption.default('truncated-normal'),
});

defineBlock({
  type: 'patch-embedding',
  family: 'embedding',
  title: 'Patch embedding',
  summary:
    'Cuts an image into square patches and makes a vector of each, row by row, with one for the whole image before them and a learned vector for each place (Dosovitskiy et al. 2021, ViT).',
  options,
  inputs: [{ name: 'image', summary: 'Image or feature map', axes: ['batch', 'channels', 'height', 'width'] }],
  outputs: [{ name: 'sequence', summary: 'A vector for each patch', axes: ['batch', 'length', 'features'] }],
  build({ program, mode }, { image }, { hiddenSize: features, patch, classToken, positions, dropout, initialisation }) {
    const x = image!; // the port is required
    const [batch, height, width] = [sizeAt(x.shape, 0), sizeAt(x.shape, 2), sizeAt(x.shape, 3)];
    if (height % patch !== 0 || width % patch !== 0) {
      throw new LabError(
        'bad-spec',
        `an image of ${height} × ${width} cannot be cut into patches of ${patch} × ${patch}: choose a patch that divides both`,
      );
    }
    const count = (height / patch) * (width / patch);
    const map = convolutionLayer(x, 'projection', {
      channels: features,
      kernel: [patch, patch],
      stride: patch,
      bias: true,
      initialisation,
    });
    let sequence = transpose(reshape(map, [batch, features, count]), [0, 2, 1]);
    const learned = (name: string, shape: readonly number[]) =>
      parameter(program, name, shape, { initialiser: weightInitialiser('truncated-normal', features, features) });
    if (classToken) {
      const ones = constant(program, new Float32Array(batch).fill(1), [batch, 1, 1]);
      const repeated = multiply(ones, reshape(learned('class', [features]), [1, 1, features]));
      sequence = concat([repeated, sequence], 1);
    }
    if (positions) {
      const length = sizeAt(sequence.shape, 1);
      sequence = add(sequence, reshape(learned('position', [length, features]), [1, length, features]));
    }
    return { sequence: dropoutLayer(sequence, dropout, mode) };
  },
});
