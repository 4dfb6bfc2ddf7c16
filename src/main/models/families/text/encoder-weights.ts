/** What the text families share: the layers of a Transformer, whatever the files call them. */
import type { ModelHead } from '../../../../shared/spec/manifests/model.ts';
import type { WeightMap } from '../../weight-map.ts';

/** A linear layer: `weight` [out, in] and `bias` [out]. */
export function mapDense(
  map: WeightMap,
  ours: string,
  theirs: string,
  inputs: number,
  outputs: number,
  bias = true,
): void {
  map.linear(`${ours}/weight`, `${theirs}.weight`, inputs, outputs);
  if (bias) map.copy(`${ours}/bias`, `${theirs}.bias`, [outputs]);
}

/** A layer normalisation; files from before PyTorch say gamma and beta. */
export function mapNormalisation(map: WeightMap, ours: string, theirs: string, features: number, bias = true): void {
  const [gain, offset] = map.has(`${theirs}.gamma`) ? ['gamma', 'beta'] : ['weight', 'bias'];
  map.copy(`${ours}/gain`, `${theirs}.${gain}`, [features]);
  if (bias) map.copy(`${ours}/bias`, `${theirs}.${offset}`, [features]);
}

/** The first rows of a table, as many as are used. */
export function mapRows(
  map: WeightMap,
  ours: string,
  theirs: string,
  { rows, of, features, from = 0 }: { rows: number; of: number; features: number; from?: number },
): void {
  map.derive(ours, [rows, features], [[theirs, [of, features]]], ([table]) =>
    table!.slice(from * features, (from + rows) * features),
  );
}

/** A vector with one value for each token, of which the used ones are taken. */
export function mapTokenBias(map: WeightMap, ours: string, theirs: string, rows: number, of: number): void {
  map.derive(ours, [rows], [[theirs, [of]]], ([bias]) => bias!.slice(0, rows));
}

/** Where a head is, and what it says of itself. */
export const heads = {
  maskedWords: (style: 'bert' | 'modernbert' | 'roberta'): ModelHead => ({
    task: 'masked-words',
    title: 'Masked words',
    options: { head: style },
  }),
  nextSentence: (): ModelHead => ({ task: 'next-sentence', title: 'Next sentence', options: {} }),
  nextWord: (): ModelHead => ({ task: 'next-word', title: 'Next word', options: { state: 'reset' } }),
} as const;

/** Buffers that files carry along and that are no weights. */
export const isBuffer = (name: string): boolean =>
  /(^|\.)(position_ids|token_type_ids|masked_bias|attn\.bias|rotary_emb\..*|inv_freq)$/u.test(name);
