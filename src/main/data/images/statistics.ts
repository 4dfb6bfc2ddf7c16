/** Mean and standard deviation of each colour channel, exactly: from histograms of the 256 possible values. */
import type { ChannelStatistics } from '../../../shared/spec/manifests/image-corpus.ts';

export class ChannelHistograms {
  private readonly counts: readonly Float64Array[];

  constructor(channels: number) {
    this.counts = Array.from({ length: channels }, () => new Float64Array(256));
  }

  /** Counts the pixels, channels interleaved. */
  add(pixels: Uint8Array): void {
    const { counts } = this;
    const channels = counts.length;
    for (let channel = 0; channel < channels; channel += 1) {
      const histogram = counts[channel]!;
      for (let index = channel; index < pixels.length; index += channels) histogram[pixels[index]!]! += 1;
    }
  }

  /** Over all pixels counted so far, on the scale 0 … 1; the deviation is that of the population. */
  statistics(): ChannelStatistics {
    const mean: number[] = [];
    const standardDeviation: number[] = [];
    for (const histogram of this.counts) {
      let pixels = 0;
      let sum = 0;
      for (let value = 0; value < 256; value += 1) {
        pixels += histogram[value]!;
        sum += value * histogram[value]!;
      }
      const average = pixels === 0 ? 0 : sum / pixels;
      let squares = 0;
      for (let value = 0; value < 256; value += 1) squares += histogram[value]! * (value - average) ** 2;
      mean.push(average / 255);
      standardDeviation.push(pixels === 0 ? 0 : Math.sqrt(squares / pixels) / 255);
    }
    return { mean, standardDeviation };
  }
}
