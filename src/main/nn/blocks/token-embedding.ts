/** Token ids become vectors: token + position + segment tables, normalised (Devlin et al. 2018, section 3). */
import { z } from 'zod';
import { LabError } from '../../../shared/errors.ts';
import { add, gather, reshape, slice } from '../../graph/index.ts';
import { parameter } from '../../graph/program.ts';
import { defineBlock } from '../block.ts';
import { weightInitialiser } from '../initialisers.ts';
import {
  dropoutLayer,
  dropoutOption,
  initialisationOption,
  normalisationTypeOption,
  normalizationLayer,
} from '../layers.ts';

const options = z.strictObject({
  hiddenSize: z.int().positive().default(128).describe('Size of the vectors'),
  positions: z
    .boolean()
    .default(true)
    .describe('Add a learned vector for each position; off where the layers above have rotary positions, or need none'),
  maximumLength: z
    .int()
    .positive()
    .default(512)
    .describe('Number of positions in the table: the longest input it can ever take'),
  segments: z.int().min(0).max(16).default(2).describe('Number of segment types (sentence A, B); 0 for none'),
  normalise: z.boolean().default(true).describe('Normalisation after the sum'),
  normalisationType: normalisationTypeOption.default('layer'),
  bias: z.boolean().default(true).describe('A bias in the normalisation'),
  epsilon: z.number().positive().default(1e-12).describe('Added to the variance in the normalisation'),
  dropout: dropoutOption.default(0.1),
  initialisation: initialisationOption.default('truncated-normal'),
});

defineBlock({
  type: 'token-embedding',
  family: 'embedding',
  title: 'Token embedding',
  summary: 'Looks up a vector for each token and adds those of its position and segment (Devlin et al. 2018).',
  options,
  ignoresPadding: true,
  inputs: [
    { name: 'tokens', summary: 'Token ids', axes: ['batch', 'length'], whole: true },
    { name: 'segments', summary: 'Segment ids', axes: ['batch', 'length'], optional: true, whole: true },
  ],
  outputs: [
    { name: 'sequence', summary: 'A vector for each token', axes: ['batch', 'length', 'features'] },
    { name: 'table', summary: 'The token table, for an output layer tied to it', axes: ['vocabulary', 'features'] },
  ],
  build({ program, mode, input }, { tokens, segments }, settings) {
    if (input.kind !== 'tokens' || !tokens) {
      throw new LabError('bad-spec', `token-embedding reads token ids; the input of this pipeline is ${input.kind}`);
    }
    const { hiddenSize: features, maximumLength } = settings;
    const [batch, length] = tokens.shape as readonly [number, number]; // the port has two axes
    if (settings.positions && length > maximumLength) {
      throw new LabError(
        'bad-spec',
        `the input has ${length} tokens, but maximumLength is ${maximumLength}. Set it to ${length} or more, or shorten the input (task.length)`,
      );
    }
    const lookup = (name: string, rows: number) =>
      parameter(program, name, [rows, features], {
        initialiser: weightInitialiser(settings.initialisation, rows, features),
      });

    const table = lookup('token', input.vocabularySize);
    let sequence = gather(table, tokens);
    if (settings.positions) {
      const positions = slice(lookup('position', maximumLength), [0, 0], [length, features]);
      sequence = add(sequence, reshape(positions, [1, length, features]));
    }
    if (segments && settings.segments > 0) {
      sequence = add(sequence, gather(lookup('segment', settings.segments), segments));
    }
    sequence = reshape(sequence, [batch * length, features]);
    if (settings.normalise) {
      const { epsilon, bias, normalisationType: type } = settings;
      sequence = normalizationLayer(sequence, 'normalisation', { epsilon, bias, type });
    }
    return { sequence: reshape(dropoutLayer(sequence, settings.dropout, mode), [batch, length, features]), table };
  },
});
