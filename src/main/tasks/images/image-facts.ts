/** What a network has to know of the images it is trained on, so that it can be asked about other ones later. */
import type { ImageCorpus, ImageDataset } from '../../data/images/image-store.ts';
import { channelStatistics } from '../../data/images/image-store.ts';
import type { ChannelStatistics } from '../../../shared/spec/manifests/image-corpus.ts';
import type { ImageFacts } from '../task.ts';

export function imageFacts({ manifest, network }: ImageCorpus | ImageDataset): ImageFacts {
  const { height, width, channels, preparation } = manifest;
  return { height, width, channels, ...preparation, ...(network && { network }) };
}

/** More images would change the third digit at most. */
const mostCounted = 2048;

/** Mean and deviation of the channels over the training images, or over some of them spread evenly. */
export function trainingStatistics(store: ImageCorpus | ImageDataset, training: Uint32Array): ChannelStatistics {
  const stride = Math.max(1, training.length / mostCounted);
  const count = Math.min(training.length, mostCounted);
  return channelStatistics(
    store,
    Array.from({ length: count }, (_, index) => training[Math.floor(index * stride)]!),
  );
}

/** [height, width, channels] bytes become [channels, height, width] numbers from 0 to 1 at `offset` of `target`. */
export function writePlanar(pixels: ArrayLike<number>, channels: number, target: Float32Array, offset: number): void {
  const places = pixels.length / channels;
  for (let channel = 0; channel < channels; channel += 1) {
    const start = offset + channel * places;
    for (let place = 0; place < places; place += 1) {
      target[start + place] = pixels[place * channels + channel]! / 255;
    }
  }
}

/** The way back, for pictures: values outside 0 … 1 are clipped. */
export function readPlanar(values: ArrayLike<number>, channels: number, offset: number, places: number): Uint8Array {
  const pixels = new Uint8Array(places * channels);
  for (let channel = 0; channel < channels; channel += 1) {
    for (let place = 0; place < places; place += 1) {
      const value = Math.round(values[offset + channel * places + place]! * 255);
      pixels[place * channels + channel] = Math.min(255, Math.max(0, value));
    }
  }
  return pixels;
}
