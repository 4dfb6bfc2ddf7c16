/** A WAV file of one channel, 16 bits a sample. RIFF: Microsoft and IBM, Multimedia Programming Interface, 1991. */

const HEADER_BYTES = 44;

/** @param samples between −1 and 1; what lies beyond is cut off */
export function wavBytes(samples: Float32Array, rate: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + samples.length * 2);
  const view = new DataView(bytes.buffer);
  const text = (offset: number, letters: string): void => {
    for (let index = 0; index < letters.length; index += 1) bytes[offset + index] = letters.charCodeAt(index);
  };
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true); // bytes of the format
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // channels
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true); // bytes a second
  view.setUint16(32, 2, true); // bytes of a sample of all channels
  view.setUint16(34, 16, true); // bits
  text(36, 'data');
  view.setUint32(40, samples.length * 2, true);
  for (let index = 0; index < samples.length; index += 1) {
    const value = Math.round(Math.min(1, Math.max(-1, samples[index]!)) * 0x7fff);
    view.setInt16(HEADER_BYTES + index * 2, value, true);
  }
  return bytes;
}
