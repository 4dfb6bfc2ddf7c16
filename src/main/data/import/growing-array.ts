/** Arrays of 32-bit numbers that grow: four bytes a value, where an array of JavaScript numbers may take sixteen. */
export class GrowingUint32Array {
  private values = new Uint32Array(1024);
  private used = 0;

  get length(): number {
    return this.used;
  }

  push(value: number): void {
    if (this.used === this.values.length) {
      const larger = new Uint32Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.used] = value;
    this.used += 1;
  }

  /** The values so far, without copying; not valid after the next `push`. */
  view(): Uint32Array {
    return this.values.subarray(0, this.used);
  }
}
