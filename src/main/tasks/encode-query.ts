/** What a person gives, a text, an image or a recording, as the inputs that every backbone of its kind reads. */
import { LabError } from '../../shared/errors.ts';
import { queryFeeds } from './audio/frames.ts';
import { writePlanar } from './images/image-facts.ts';
import type { Feeds, PredictionModel, PredictionQuery } from './task.ts';
import { encodeParts } from './text/labelled-texts.ts';
import { encodeExample, lengthOf, requireText, tokenizerOf } from './text/prediction.ts';

export interface EncodedQuery {
  /** A batch of one. */
  readonly feeds: Feeds;
  /** The text is longer than the network reads, and its end was left out. */
  readonly isTruncated: boolean;
}

/**
 * Throws `LabError('bad-input')` for a question that has not what the network reads.
 *
 * @param separators between the texts of a pair
 */
export function encodeQuery(
  model: Omit<PredictionModel, 'run'>,
  query: Omit<PredictionQuery, 'top'>,
  separators = 1,
): EncodedQuery {
  switch (model.input.kind) {
    case 'tokens': {
      if (model.speech) throw new LabError('bad-input', 'A voice reads characters, whose embeddings are not shown');
      const tokenizer = tokenizerOf(model);
      const length = lengthOf(model);
      const parts = encodeParts(tokenizer, requireText(query.text, 'a text'), query.textPair, length, separators);
      const { feeds } = encodeExample(tokenizer, length, parts.text, parts.pair, separators);
      return { feeds, isTruncated: parts.isTruncated };
    }
    case 'image': {
      const { image } = query;
      if (!image) throw new LabError('bad-input', 'this model needs an image');
      const feed = new Float32Array(image.pixels.length);
      writePlanar(image.pixels, image.channels, feed, 0);
      return { feeds: { image: feed }, isTruncated: false };
    }
    case 'frames':
      return { feeds: queryFeeds(query, model.input), isTruncated: false };
  }
}
