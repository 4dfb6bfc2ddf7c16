/** The head of language models: the product of each state with the token table, and the next token's cross-entropy. */
import { LabError } from '../../../shared/errors.ts';
import type { Program, Value } from '../../graph/index.ts';
import {
  add,
  input,
  linearCrossEntropy,
  matmul,
  output,
  parameter,
  reshape,
  sizeAt,
  withScope,
} from '../../graph/index.ts';
import type { BuildContext } from '../../nn/block.ts';
import { denseLayer, dropoutLayer } from '../../nn/layers.ts';
import type { Backbone } from '../../nn/pipeline.ts';
import { backboneOutput } from '../../nn/pipeline.ts';
import { atPositions, positionsAt } from '../../nn/positions.ts';

/**
 * Reads `nextLabels` and `nextWeights` [batch, length] for the loss; evaluation outputs `nextLosses` and `nextPredictions` of
 * as many. Prediction reads `nextPosition` [batch, 1] and outputs `nextLogits` [batch, vocabulary] for what follows it, or
 * `tokenLogits` [batch, length, vocabulary] where the context asks for every position.
 * Throws `LabError('bad-spec')` for a pipeline in which positions see later ones: it would read the answers.
 */
export function nextWordHead(context: BuildContext, backbone: Backbone, dropout: number): Value | undefined {
  const { program, mode, batchSize, input: kind } = context;
  if (kind.kind !== 'tokens') {
    throw new LabError('bad-spec', `next-word needs a pipeline that reads tokens, not ${kind.kind}`);
  }
  requireCausal(program, kind.length);
  const sequence = backboneOutput(backbone, 'sequence', 'next-word');
  const features = sizeAt(sequence.shape, 2);
  return withScope(program, 'head', () =>
    withScope(program, 'next-word', () => {
      const table = backbone.outputs.table ?? ownTable(program, kind.vocabularySize, features);
      const width = sizeAt(table.shape, 1);
      const fitted = (rows: Value): Value =>
        width === features ? rows : denseLayer(rows, 'projection', width, { initialisation: 'glorot' });
      const bias = parameter(program, 'bias', [sizeAt(table.shape, 0)], { initialiser: { type: 'zeros' } });
      const logitsOf = (states: Value): Value => add(matmul(fitted(states), table, { transposeB: true }), bias);
      if (mode === 'prediction' && context.everyPosition === true) {
        const logits = logitsOf(reshape(sequence, [-1, features]));
        output(program, 'tokenLogits', reshape(logits, [batchSize, kind.length, -1]));
        return undefined;
      }
      if (mode === 'prediction') {
        const position = input(program, 'nextPosition', 'int32', [batchSize, 1]);
        output(
          program,
          'nextLogits',
          logitsOf(reshape(atPositions(sequence, positionsAt(position)), [batchSize, features])),
        );
        return undefined;
      }
      const count = batchSize * kind.length;
      const labels = reshape(input(program, 'nextLabels', 'int32', [batchSize, kind.length]), [count]);
      const weights = reshape(input(program, 'nextWeights', 'float32', [batchSize, kind.length]), [count]);
      const states = fitted(dropoutLayer(reshape(sequence, [count, features]), dropout, mode));
      const { loss, losses, predictions } = linearCrossEntropy(states, table, labels, weights, { bias });
      if (mode === 'evaluation') {
        output(program, 'nextLosses', losses);
        output(program, 'nextPredictions', predictions);
      }
      return loss;
    }),
  );
}

function ownTable(program: Program, vocabularySize: number, width: number): Value {
  return parameter(program, 'table', [vocabularySize, width], {
    initialiser: { type: 'truncated-normal', std: 0.02 },
  });
}

/** Recurrences must not run backwards, attention needs a triangle of its own, and filters reach to both sides. */
function requireCausal(program: Program, length: number): void {
  for (const { op, path, attributes, inputs } of program.nodes) {
    const reason =
      op.name === 'recurrence' && attributes.reverse === true
        ? 'reads from the end as well; set bidirectional to false'
        : op.name === 'convolution'
          ? 'has filters that reach to later tokens'
          : op.name === 'attention' && !inputs.some((value) => hasTriangle(value, length))
            ? 'looks at later tokens; set causal to true'
            : undefined;
    if (reason === undefined) continue;
    const block = path.split('/')[1] ?? path; // paths begin with 'backbone'
    throw new LabError('bad-spec', `${block}: next-word predicts from earlier tokens alone, and this block ${reason}`, {
      path,
    });
  }
}

/** Whether a value is computed from a constant [..., length, length] that hides what comes later. */
function hasTriangle({ source, shape }: Value, length: number): boolean {
  if (source.kind === 'constant') {
    if (shape.length < 2 || shape.at(-1) !== length || shape.at(-2) !== length) return false;
    const { data } = source;
    return data.every((value, index) => index % length <= Math.floor(index / length) % length || value < 0);
  }
  return (
    source.kind === 'node' &&
    source.node.op.name === 'add' &&
    source.node.inputs.some((one) => hasTriangle(one, length))
  );
}
