/** Images without a corpus: noise with some structure. What they show does not change how long a step takes. */
import { fillNormal, randomStream } from '../../src/shared/random.ts';

export const statistics = { mean: [0.5, 0.5, 0.5], standardDeviation: [0.25, 0.25, 0.25] };

/** height × width × 3 bytes: a colour gradient under noise, another one for each index. */
export function syntheticImage(side: number, index: number): Uint8Array {
  const stream = randomStream(7, index);
  const slopes = Array.from({ length: 6 }, () => stream.normal() * 60);
  const noise = new Float32Array(side * side * 3);
  fillNormal(noise, 8, index);
  return Uint8Array.from(noise, (value, position) => {
    const channel = position % 3;
    const place = Math.floor(position / 3);
    const [x, y] = [(place % side) / side - 0.5, Math.floor(place / side) / side - 0.5];
    const level = 128 + x * (slopes[channel] ?? 0) + y * (slopes[channel + 3] ?? 0) + 30 * value;
    return Math.min(255, Math.max(0, Math.round(level)));
  });
}
