/** The words or characters of a text as hashes, each with the place that it was found at. */
export class UnitBuffer {
  units = new Uint32Array(256);
  /** Whatever the source counts by: tokens of a corpus, examples of a dataset. Ascending. */
  places = new Float64Array(256);
  length = 0;
  /** How many units came before the first one that is still here. */
  base = 0;

  push(unit: number, place: number): void {
    if (this.length === this.units.length) this.grow();
    this.units[this.length] = unit;
    this.places[this.length] = place;
    this.length += 1;
  }

  /** Forgets all but the first `count`. */
  truncate(count: number): void {
    this.length = Math.min(this.length, count);
  }

  /** Forgets all but the last `count`. */
  keepLast(count: number): void {
    const kept = Math.min(count, this.length);
    const first = this.length - kept;
    this.units.copyWithin(0, first, this.length);
    this.places.copyWithin(0, first, this.length);
    this.base += first;
    this.length = kept;
  }

  /** The units so far, as a copy. */
  take(): Uint32Array {
    return this.units.slice(0, this.length);
  }

  private grow(): void {
    const units = new Uint32Array(this.units.length * 2);
    units.set(this.units);
    this.units = units;
    const places = new Float64Array(this.places.length * 2);
    places.set(this.places);
    this.places = places;
  }
}

/** Both readings of one text. A reading that nobody needs is left out, because it takes time. */
export interface UnitSink {
  readonly words?: UnitBuffer | undefined;
  readonly characters?: UnitBuffer | undefined;
}
