/** Numbers that are appended one by one by the million: a typed array that doubles, and is used again for the next batch. */
export class TokenBuffer {
  length = 0;
  private values = new Uint32Array(4096);

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Uint32Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length] = value;
    this.length += 1;
  }

  /** A copy of what was appended since the last `take`; the buffer is empty afterwards. */
  take(): Uint32Array<ArrayBuffer> {
    const taken = this.values.slice(0, this.length);
    this.length = 0;
    return taken;
  }
}
