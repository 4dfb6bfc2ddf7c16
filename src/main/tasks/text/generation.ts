/** Continues a text with a language model: the likeliest next tokens, and sampling with temperature, top-k and top-p. */
import { LabError } from '../../../shared/errors.ts';
import { randomStream } from '../../../shared/random.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { softmaxRows } from '../metrics/probabilistic.ts';
import type { GeneratedToken, GenerationQuery, PredictionModel } from '../task.ts';
import { lengthOf, tokenizerOf } from './prediction.ts';
import { purpose } from './purposes.ts';
import { showTokens, tokenTexts, vocabularyOf } from './vocabulary.ts';

/** A text as a language model reads it: after the separator that stands between documents. */
export function encodePrompt(tokenizer: TextTokenizer, text: string): number[] {
  return [tokenizer.special.separate, ...tokenizer.encode(text, { recogniseSpecial: false })];
}

/** The beginning of a text, whose first token continues nothing: where blanks are a part of words it looks as if it did. */
export function showBeginning(tokenizer: TextTokenizer, ids: readonly number[]): string {
  return showTokens(tokenizer, ids).replace(/^##(?=.)/u, '');
}

/** The probability of every token to follow, over the whole vocabulary. Only the last tokens that fit are read. */
export async function nextProbabilities(model: PredictionModel, ids: readonly number[]): Promise<Float64Array> {
  const length = lengthOf(model);
  const read = ids.slice(-length);
  const tokens = new Int32Array(length).fill(tokenizerOf(model).special.pad);
  tokens.set(read);
  const mask = Float32Array.from({ length }, (_, position) => Number(position < read.length));
  const feeds = { tokens, segments: new Int32Array(length), mask, nextPosition: Int32Array.of(read.length - 1) };
  const { nextLogits } = await model.run(feeds);
  if (!nextLogits) throw new LabError('internal', "the prediction program has no output 'nextLogits'");
  return softmaxRows(nextLogits.data, nextLogits.data.length);
}

/**
 * The probabilities that tokens are drawn with: p^(1/temperature), of which the `topK` largest are kept (Fan et al. 2018),
 * and of these the fewest that hold `topP` of the whole (nucleus sampling, Holtzman et al. 2020). Sums to 1. A temperature of
 * 0 leaves the likeliest token alone.
 */
export function samplingDistribution(
  probabilities: Float64Array,
  { temperature, topK, topP }: Pick<GenerationQuery, 'temperature' | 'topK' | 'topP'>,
): Float64Array {
  const order = Uint32Array.from(probabilities.keys()).sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  const result = new Float64Array(probabilities.length);
  if (temperature === 0) {
    result[order[0]!] = 1;
    return result;
  }
  const largest = Math.log(probabilities[order[0]!]!);
  for (const id of order.subarray(0, topK ?? order.length)) {
    result[id] = Math.exp((Math.log(probabilities[id]!) - largest) / temperature);
  }
  let total = sumOf(result);
  if (topP !== undefined) {
    let reached = 0;
    for (const id of order) {
      if (reached >= topP * total) result[id] = 0;
      else reached += result[id]!;
    }
    total = sumOf(result);
  }
  return result.map((weight) => weight / total);
}

/** Draws one token after the other until there are enough, or the model ends the document. */
export async function* generateTokens(model: PredictionModel, query: GenerationQuery): AsyncGenerator<GeneratedToken> {
  const tokenizer = tokenizerOf(model);
  const { special } = tokenizer;
  const never = vocabularyOf(tokenizer).reserved; // special tokens, and ids without a token
  const prompt = encodePrompt(tokenizer, query.text);
  const ids = [...prompt];
  const random = randomStream(query.seed, purpose.generation);
  while (ids.length < prompt.length + query.tokens) {
    const probabilities = await nextProbabilities(model, ids);
    const allowed = probabilities.slice();
    for (const id of never) if (id !== special.separate) allowed[id] = 0;
    const id = draw(samplingDistribution(allowed, query), random.uniform());
    if (id === special.separate) return;
    ids.push(id);
    yield {
      token: tokenTexts(tokenizer, [id])[0]!,
      probability: probabilities[id]!,
      text: showBeginning(tokenizer, ids.slice(1)),
    };
  }
}

function draw(distribution: Float64Array, uniform: number): number {
  let rest = uniform;
  let last = 0;
  for (const [id, share] of distribution.entries()) {
    if (share === 0) continue;
    if (rest < share) return id;
    rest -= share;
    last = id;
  }
  return last; // rounding left a crumb
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
