/** An image file that a model is asked about, brought to what the model was trained on. */
import { readFile } from 'node:fs/promises';
import { LabError, cannotRead } from '../../shared/errors.ts';
import { asNetworkReads } from '../data/images/network-pixels.ts';
import { DecodeFailure, decodeImage } from '../data/images/decode.ts';
import type { ImageFacts, PredictionQuery } from '../tasks/index.ts';

type QueryImage = NonNullable<PredictionQuery['image']>;

/** As in an import by default: a file that claims more pixels is not decoded. */
const maximumPixels = 100_000_000;

/** Throws `LabError('not-found')` for a file that cannot be read, `LabError('bad-input')` for one that is no image. */
export async function readQueryImage(file: string, facts: ImageFacts): Promise<QueryImage> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw cannotRead('image', file, error);
  });
  return decodeQueryImage(bytes, file, facts);
}

/** The same from memory; `name` is for messages. An image of a dataset becomes the same pixels here as in a batch. */
export async function decodeQueryImage(bytes: Buffer, name: string, facts: ImageFacts): Promise<QueryImage> {
  const { network, ...stored } = facts;
  try {
    const { pixels } = await decodeImage(bytes, { ...stored, minimumSide: 1, maximumPixels, failOn: 'error' });
    return asNetworkReads({ ...stored, pixels }, network, stored.background);
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    throw new LabError('bad-input', `${name} cannot be used: ${error.message}`, { name, reason: error.reason }, error);
  }
}
