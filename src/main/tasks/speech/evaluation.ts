/** How well a voice speaks: alone, beside recordings of the same words; and with the durations of the recording. */
import { feedData, outputData } from '../batch-data.ts';
import type { Baseline, Evaluation } from '../task.ts';
import type { ExampleSides } from '../sampler.ts';
import { scoredSide } from '../labelled/sides.ts';
import type { SpeechFacts } from './facts.ts';
import { DECIBELS, melCepstralDistance } from './mel-cepstrum.ts';
import { spokenFrames } from './spoken.ts';
import type { VoiceMaterial } from './voice-material.ts';

export function speechEvaluation(stepFrames: number, facts: SpeechFacts): Evaluation {
  const { bands } = facts.frames;
  const sums = { loss: 0, melError: 0, melCepstralDistance: 0, lengthError: 0 };
  let count = 0;
  return {
    add(outputs, feeds) {
      const weights = feedData(feeds, 'weights');
      const frames = feedData(feeds, 'frames');
      const stepMask = feedData(feeds, 'stepMask');
      const mask = feedData(feeds, 'mask');
      const rows = weights.length;
      const [losses, errors] = [outputData(outputs, 'losses'), outputData(outputs, 'melErrors')];
      const total = (values: ArrayLike<number>, row: number): number => {
        let sum = 0;
        for (let place = 0; place < values.length / rows; place += 1) {
          sum += values[row * (values.length / rows) + place]!;
        }
        return sum;
      };
      for (let row = 0; row < rows; row += 1) {
        if (weights[row] === 0) continue;
        const real = total(stepMask, row) * stepFrames;
        const start = row * (frames.length / rows);
        const recorded = Float32Array.from(
          frames.subarray(start, start + real * bands),
          (value, place) => value * facts.deviation[place % bands]! + facts.mean[place % bands]!,
        );
        const spoken = spokenFrames(outputs, row, total(mask, row), stepFrames, facts).frames;
        sums.loss += losses[row]!;
        sums.melError += errors[row]!;
        sums.melCepstralDistance += melCepstralDistance(spoken, recorded, bands);
        sums.lengthError += Math.abs(spoken.length / bands - real) / real;
        count += 1;
      }
    },
    result: () => ({
      metrics: Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count])),
      exampleCount: count,
    }),
  };
}

/** What can be said without a text: the mean frame, as long as an average recording. */
export function meanFrame(material: VoiceMaterial, sides: ExampleSides): Baseline {
  const { facts, frames } = material;
  const { bands } = facts.frames;
  const heard = (recording: number): Float32Array => frames(recording).map((value) => Math.max(value, facts.floor));
  const lengths = Array.from(sides.training.subarray(0, 500), (recording) => frames(recording).length / bands);
  const usual = Math.round(lengths.reduce((sum, one) => sum + one, 0) / lengths.length);
  const spoken = Float32Array.from({ length: usual * bands }, (_, place) => facts.mean[place % bands]!);
  const sums = { melError: 0, melCepstralDistance: 0, lengthError: 0 };
  const scored = scoredSide(sides);
  for (const recording of scored) {
    const recorded = heard(recording);
    const count = recorded.length / bands;
    sums.melError +=
      (DECIBELS * recorded.reduce((sum, value, place) => sum + Math.abs(value - facts.mean[place % bands]!), 0)) /
      recorded.length;
    sums.melCepstralDistance += melCepstralDistance(spoken, recorded, bands);
    sums.lengthError += Math.abs(usual - count) / count;
  }
  return {
    name: 'mean frame',
    summary: 'The mean spectrum of the training recordings, as long as an average one, whatever the text',
    metrics: Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / scored.length])),
  };
}
