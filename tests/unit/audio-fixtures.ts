/** Sound for tests: tones, and WAV files written by hand after the format's description (RIFF, Microsoft and IBM 1991). */

/** A sine of half the full loudness. */
export function tone(frequency: number, seconds: number, rate: number): Float32Array {
  return Float32Array.from(
    { length: Math.round(seconds * rate) },
    (_, index) => 0.5 * Math.sin((2 * Math.PI * frequency * index) / rate),
  );
}

export function wavFile(
  channels: readonly Float32Array[],
  rate: number,
  { bits, float = false }: { readonly bits: 8 | 16 | 24 | 32; readonly float?: boolean },
): Uint8Array {
  const [first = new Float32Array(0)] = channels;
  const block = (channels.length * bits) / 8;
  const data = Buffer.alloc(first.length * block);
  first.forEach((_, frame) => {
    channels.forEach((channel, index) => {
      const place = frame * block + (index * bits) / 8;
      const value = channel[frame]!;
      if (float) data.writeFloatLE(value, place);
      else if (bits === 8) data.writeUInt8(Math.round(128 + value * 128), place);
      else data.writeIntLE(Math.round(value * 2 ** (bits - 1)), place, bits / 8);
    });
  });
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + data.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(float ? 3 : 1, 20);
  header.writeUInt16LE(channels.length, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * block, 28);
  header.writeUInt16LE(block, 32);
  header.writeUInt16LE(bits, 34);
  header.write('data', 36);
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}
