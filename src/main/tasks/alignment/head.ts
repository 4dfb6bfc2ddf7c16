/** From the features of residues to scores of pairs, gaps and relations, and what they are learned by. */
import type { Value } from '../../graph/index.ts';
import {
  add,
  cast,
  constant,
  divide,
  input,
  less,
  matmul,
  maximum,
  multiply,
  oneHot,
  output,
  parameter,
  reshape,
  scale,
  shift,
  sizeAt,
  sliceAxis,
  subtract,
  sum,
  withScope,
} from '../../graph/index.ts';
import { alignmentPartition, alignmentScore, gapScore, type GapScores } from '../../nn/alignment.ts';
import type { BuildContext } from '../../nn/block.ts';
import { denseLayer, dropoutLayer } from '../../nn/layers.ts';
import type { Endpoints } from '../../nn/pipeline.ts';
import { namedLoss } from '../named-loss.ts';
import { binaryCrossEntropy } from '../targets/multi-label-loss.ts';

/** Where gap scores begin: a gap is worth a few pairs that fit. */
const [OPEN, EXTEND] = [-4, -1];
/** How much the mean score of a residue says at first about whether sequences are related. */
const MATCH_SCALE = 1;

export interface HeadOptions {
  readonly embeddingSize: number;
  readonly dropout: number;
  readonly matchWeight: number;
}

/**
 * @param sequence features [2 · batch, length, features] of the first sequences of all pairs, then of the second ones, each between
 *   the marks of its begin and end
 */
export function alignmentHead(
  context: BuildContext,
  sequence: Value,
  { mask }: Endpoints,
  { embeddingSize, dropout, matchWeight }: HeadOptions,
): { readonly loss: Value } {
  const { program, mode, batchSize } = context;
  return withScope(program, 'head', () =>
    withScope(program, 'alignment', () => {
      const length = sizeAt(sequence.shape, 1);
      const residues = sliceAxis(dropoutLayer(sequence, dropout, mode), 1, 1, length - 1);
      const embeddings = denseLayer(residues, 'embedding', embeddingSize, { initialisation: 'glorot' });
      const half = (index: number): Value => sliceAxis(embeddings, 0, index * batchSize, (index + 1) * batchSize);
      const products = scale(matmul(half(0), half(1), { transposeB: true }), 1 / Math.sqrt(embeddingSize));
      const number = (name: string, value: number): Value =>
        parameter(program, name, [1], { initialiser: { type: 'constant', value } });
      const scores = add(products, number('offset', 0));
      const gaps = { open: number('open', OPEN), extend: number('extend', EXTEND) };
      const match = { scale: number('matchScale', MATCH_SCALE), offset: number('matchOffset', 0) };
      if (mode !== 'training') {
        const read = { pairScores: scores, ...gaps, matchScale: match.scale, matchOffset: match.offset };
        for (const [name, value] of Object.entries(read)) output(program, name, value);
      }
      if (mode === 'prediction' || !mask) return namedLoss(program, undefined);
      return namedLoss(program, lossOf(context, { scores, gaps, match, mask, length }, matchWeight));
    }),
  );
}

interface Scored {
  readonly scores: Value;
  readonly gaps: GapScores<Value>;
  readonly match: { readonly scale: Value; readonly offset: Value };
  readonly mask: Value;
  readonly length: number;
}

/** −log P(alignment) for each column of it, and the cross-entropy of related and unrelated pairs. */
function lossOf(
  { program, mode, batchSize }: BuildContext,
  { scores, gaps, match, mask, length }: Scored,
  matchWeight: number,
): Value {
  const vector = (name: string): Value => input(program, name, 'float32', [batchSize]);
  const one = constant(program, 1);
  const residues = shift(sum(mask, [1]), -2);
  const [first, second] = [sliceAxis(residues, 0, 0, batchSize), sliceAxis(residues, 0, batchSize, 2 * batchSize)];
  const partition = alignmentPartition(scores, gaps, { first, second });
  const aligned = oneHot(input(program, 'aligned', 'int32', [batchSize, length]), length);
  const pairs = sliceAxis(sliceAxis(aligned, 1, 1, length - 1), 2, 1, length - 1);
  const known = { pairs, opened: vector('opened'), extended: vector('extended') };
  const columns = vector('columns');
  const isKnown = cast(less(constant(program, 0), columns), 'float32');
  const alignmentLosses = multiply(subtract(partition, alignmentScore(scores, gaps, known)), isKnown);
  // Against the alignment in which nothing is aligned, for each residue.
  const gapped = gapScore(gaps, scale(one, 2), shift(add(first, second), -2));
  const evidence = divide(subtract(partition, gapped), scale(add(first, second), 0.5));
  const logits = add(multiply(evidence, match.scale), match.offset);
  const weights = vector('weights');
  if (mode === 'evaluation') output(program, 'alignmentLosses', alignmentLosses);
  const ofAlignments = divide(sum(multiply(alignmentLosses, weights)), maximum(sum(multiply(columns, weights)), one));
  if (matchWeight === 0) return ofAlignments;
  const asColumn = (value: Value): Value => reshape(value, [batchSize, 1]);
  // Nothing where there are no unrelated pairs to learn from.
  const ofMatches = binaryCrossEntropy(asColumn(logits), asColumn(vector('related')), vector('compared'));
  return add(ofAlignments, scale(ofMatches, matchWeight));
}
