/**
 * Which image had this content first? A hash table over the first 64 bits of SHA-256, in typed arrays: about 25 bytes an
 * image, so a million images take 25 MB. Two different contents among a million collide with a probability of 3e-8.
 */
const INITIAL_SLOTS = 4096;
const EMPTY = 0xffffffff;

export class ContentIndex {
  private keys = new Uint32Array(INITIAL_SLOTS * 2);
  private values = new Uint32Array(INITIAL_SLOTS).fill(EMPTY);
  private used = 0;

  /**
   * The value kept for this hash; where there is none yet, `value` (below 2^32 − 1) is kept, and undefined returned.
   * @param hash at least eight bytes, uniformly distributed
   */
  findOrAdd(hash: Buffer, value: number): number | undefined {
    const low = hash.readUInt32LE(0);
    const high = hash.readUInt32LE(4);
    const slot = this.slotOf(low, high);
    const found = this.values[slot]!;
    if (found !== EMPTY) return found;
    this.keys[slot * 2] = low;
    this.keys[slot * 2 + 1] = high;
    this.values[slot] = value;
    this.used += 1;
    if (this.used * 10 > this.values.length * 7) this.grow();
    return undefined;
  }

  private slotOf(low: number, high: number): number {
    const mask = this.values.length - 1;
    let slot = low & mask;
    while (this.values[slot] !== EMPTY && (this.keys[slot * 2] !== low || this.keys[slot * 2 + 1] !== high)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private grow(): void {
    const { keys, values } = this;
    this.keys = new Uint32Array(keys.length * 2);
    this.values = new Uint32Array(values.length * 2).fill(EMPTY);
    for (let old = 0; old < values.length; old += 1) {
      if (values[old] === EMPTY) continue;
      const slot = this.slotOf(keys[old * 2]!, keys[old * 2 + 1]!);
      this.keys[slot * 2] = keys[old * 2]!;
      this.keys[slot * 2 + 1] = keys[old * 2 + 1]!;
      this.values[slot] = values[old]!;
    }
  }
}
