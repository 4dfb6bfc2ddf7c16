/**
 * Language models that only count: the most frequent token for masked words, and unigrams and bigrams for the next word. Tokens are
 * indices into a vocabulary. A network that does no better than these has learned frequencies, not language.
 */

export interface UnigramModel {
  /** Occurrences of each token of the vocabulary. */
  readonly counts: Float64Array;
  readonly total: number;
  /** The most frequent token; the first of equals. */
  readonly mostFrequent: number;
}

export interface BigramModel {
  readonly unigram: UnigramModel;
  /** The followers of token t are the entries offsets[t] … offsets[t + 1] − 1, ascending. */
  readonly offsets: Uint32Array;
  readonly followers: Uint32Array;
  readonly counts: Uint32Array;
  /** Occurrences of each token as the first of a pair. */
  readonly totals: Uint32Array;
}

export interface LanguageModelScore {
  readonly tokens: number;
  /** Share of tokens that are the model's most probable one. */
  readonly accuracy: number;
  /** Mean negative log likelihood of a token, in nats. */
  readonly loss: number;
  /** e^loss. */
  readonly perplexity: number;
}

/**
 * Counts tokens, chunk by chunk.
 * @throws RangeError for a token outside the vocabulary.
 */
export function fitUnigram(chunks: Iterable<ArrayLike<number>>, vocabularySize: number): UnigramModel {
  const counts = new Float64Array(vocabularySize);
  let total = 0;
  for (const chunk of chunks) {
    for (let index = 0; index < chunk.length; index += 1) counts[requireToken(chunk[index]!, vocabularySize)]! += 1;
    total += chunk.length;
  }
  let mostFrequent = 0;
  for (let token = 1; token < vocabularySize; token += 1) {
    if (counts[token]! > counts[mostFrequent]!) mostFrequent = token;
  }
  return { counts, total, mostFrequent };
}

/** Probability of a token with one more occurrence of each (P.-S. de Laplace): (count + 1) / (total + vocabulary). */
export function unigramProbability(model: UnigramModel, token: number): number {
  return (model.counts[token]! + 1) / (model.total + model.counts.length);
}

/** Scores the tokens to be predicted, e.g. those under the masks. All numbers are NaN without tokens. */
export function scoreUnigram(model: UnigramModel, chunks: Iterable<ArrayLike<number>>): LanguageModelScore {
  const score = new ScoreSum();
  for (const chunk of chunks) {
    for (let index = 0; index < chunk.length; index += 1) {
      const token = requireToken(chunk[index]!, model.counts.length);
      score.add(unigramProbability(model, token), token === model.mostFrequent);
    }
  }
  return score.result();
}

/**
 * Counts pairs of neighbouring tokens within each chunk. Needs eight bytes of memory a token while it sorts.
 * @throws RangeError for a token outside the vocabulary.
 */
export function fitBigram(chunks: readonly ArrayLike<number>[], vocabularySize: number): BigramModel {
  const unigram = fitUnigram(chunks, vocabularySize);
  const pairs = new Float64Array(chunks.reduce((sum, chunk) => sum + Math.max(0, chunk.length - 1), 0));
  let position = 0;
  for (const chunk of chunks) {
    for (let index = 0; index + 1 < chunk.length; index += 1) {
      pairs[position] = chunk[index]! * vocabularySize + chunk[index + 1]!;
      position += 1;
    }
  }
  pairs.sort();
  let distinct = 0;
  for (let index = 0; index < pairs.length; index += 1) {
    if (index === 0 || pairs[index] !== pairs[index - 1]) distinct += 1;
  }
  const offsets = new Uint32Array(vocabularySize + 1);
  const totals = new Uint32Array(vocabularySize);
  const followers = new Uint32Array(distinct);
  const counts = new Uint32Array(distinct);
  let entry = -1;
  for (let index = 0; index < pairs.length; index += 1) {
    const pair = pairs[index]!;
    const first = Math.floor(pair / vocabularySize);
    if (index === 0 || pair !== pairs[index - 1]) {
      entry += 1;
      followers[entry] = pair - first * vocabularySize;
      offsets[first + 1]! += 1;
    }
    counts[entry]! += 1;
    totals[first]! += 1;
  }
  for (let token = 0; token < vocabularySize; token += 1) offsets[token + 1]! += offsets[token]!;
  return { unigram, offsets, followers, counts, totals };
}

/**
 * P(token | previous), mixed with the unigram by the method of I. H. Witten and T. C. Bell, "The zero-frequency problem", IEEE
 * Transactions on Information Theory 37 (1991): (count + kinds · unigram) / (total + kinds), where `kinds` is the number of
 * different followers of `previous`. Nothing to tune; sums to 1 over the vocabulary.
 */
export function bigramProbability(model: BigramModel, previous: number, token: number): number {
  const base = unigramProbability(model.unigram, token);
  const total = model.totals[previous]!;
  if (total === 0) return base;
  const start = model.offsets[previous]!;
  const end = model.offsets[previous + 1]!;
  const kinds = end - start;
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (model.followers[middle]! < token) low = middle + 1;
    else high = middle;
  }
  const count = low < end && model.followers[low] === token ? model.counts[low]! : 0;
  return (count + kinds * base) / (total + kinds);
}

/** Scores every token of the chunks but the first of each, given the one before it. */
export function scoreBigram(model: BigramModel, chunks: Iterable<ArrayLike<number>>): LanguageModelScore {
  const vocabularySize = model.unigram.counts.length;
  const likeliest = likeliestFollowers(model);
  const score = new ScoreSum();
  for (const chunk of chunks) {
    for (let index = 1; index < chunk.length; index += 1) {
      const previous = requireToken(chunk[index - 1]!, vocabularySize);
      const token = requireToken(chunk[index]!, vocabularySize);
      score.add(bigramProbability(model, previous, token), token === likeliest[previous]);
    }
  }
  return score.result();
}

/** The most probable next token of every token, the first of equals. */
function likeliestFollowers(model: BigramModel): Uint32Array {
  const { unigram, offsets, followers } = model;
  return Uint32Array.from(model.totals, (_, previous) => {
    // Only a token that has followed, or the most frequent of all, can have the largest probability.
    let best = unigram.mostFrequent;
    let bestProbability = bigramProbability(model, previous, best);
    for (let entry = offsets[previous]!; entry < offsets[previous + 1]!; entry += 1) {
      const token = followers[entry]!;
      const probability = bigramProbability(model, previous, token);
      if (probability > bestProbability || (probability === bestProbability && token < best)) {
        best = token;
        bestProbability = probability;
      }
    }
    return best;
  });
}

class ScoreSum {
  private tokens = 0;
  private right = 0;
  private loss = 0;

  add(probability: number, isRight: boolean): void {
    this.tokens += 1;
    this.loss -= Math.log(probability);
    if (isRight) this.right += 1;
  }

  result(): LanguageModelScore {
    const loss = this.loss / this.tokens;
    return { tokens: this.tokens, accuracy: this.right / this.tokens, loss, perplexity: Math.exp(loss) };
  }
}

function requireToken(token: number, vocabularySize: number): number {
  if (!(Number.isInteger(token) && token >= 0 && token < vocabularySize)) {
    throw new RangeError(`The token ${token} is not in a vocabulary of ${vocabularySize}.`);
  }
  return token;
}
