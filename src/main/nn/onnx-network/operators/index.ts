/** Every operator that can be read, by its name in ONNX. One that is missing is one function in a file of its family. */
import type { Operator } from '../step.ts';
import { activationOperators } from './activations.ts';
import { convolutionOperators } from './convolution.ts';
import { elementwiseOperators } from './elementwise.ts';
import { indexingOperators } from './indexing.ts';
import { normalisationOperators } from './normalisation.ts';
import { poolingOperators } from './pooling.ts';
import { productOperators } from './products.ts';
import { recurrentOperators } from './recurrent.ts';
import { reductionOperators } from './reductions.ts';
import { resizeOperators } from './resize.ts';
import { shapeOperators } from './shapes.ts';

export const operators: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    ...activationOperators,
    ...convolutionOperators,
    ...elementwiseOperators,
    ...indexingOperators,
    ...normalisationOperators,
    ...poolingOperators,
    ...productOperators,
    ...recurrentOperators,
    ...reductionOperators,
    ...resizeOperators,
    ...shapeOperators,
  }),
);
