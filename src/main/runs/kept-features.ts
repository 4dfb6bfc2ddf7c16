/**
 * What a network made of batches, kept for the next run that asks the same of the same network: runs of a study differ in seeds
 * and labels, and their validation and test examples go through one pretrained backbone again and again.
 *
 * A batch is known by its content and the network by its weights and how it is built, so nothing has to be told when either changes.
 */
import { createHash } from 'node:crypto';
import type { Tensor } from '../engines/engine.ts';
import type { Feeds } from '../tasks/task.ts';

/** The batch that was asked for last at the end. */
const kept = new Map<string, Float32Array>();
let bytes = 0;
let mostBytes = 0;

/** Keeps features of so many bytes together; by default none. */
export function keepFeatures(count: number): void {
  mostBytes = count;
  forgetOldest();
}

/** The features of a batch, computed if they are not kept. `identity` is that of the network (`networkIdentity`). */
export async function featuresOf(
  identity: string,
  feeds: Feeds,
  compute: () => Promise<Float32Array>,
): Promise<Float32Array> {
  if (mostBytes === 0) return compute();
  const key = keyOf(identity, feeds);
  const known = kept.get(key);
  if (known) {
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  const features = await compute();
  kept.set(key, features);
  bytes += features.byteLength;
  forgetOldest();
  return features;
}

function forgetOldest(): void {
  for (const [key, { byteLength }] of kept) {
    if (bytes <= mostBytes) return;
    kept.delete(key);
    bytes -= byteLength;
  }
}

function keyOf(identity: string, feeds: Feeds): string {
  const hash = createHash('sha256').update(identity);
  for (const name of Object.keys(feeds).sort()) {
    const data = feeds[name]!; // a name of its own
    hash.update(`\n${name} ${data.constructor.name} ${data.length}\n`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('base64');
}

/**
 * Of a network with all its weights.
 * @param built what its program depends on besides them
 */
export function networkIdentity(built: unknown, parameters: ReadonlyMap<string, Tensor>): string {
  const hash = createHash('sha256').update(JSON.stringify(built));
  for (const name of [...parameters.keys()].sort()) {
    const { shape, data } = parameters.get(name)!; // a name of its own
    hash.update(`\n${name} ${shape.join(' ')}\n`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('base64');
}
