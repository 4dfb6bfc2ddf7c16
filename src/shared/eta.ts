/**
 * How long a job will still take. The estimate has to be steady, or nobody believes it: the first step compiles and warms
 * up, evaluations come in bursts, runs pause, machines sleep, and a resumed run starts in the middle.
 *
 * The recent half of the work done is cut into eight blocks of equal work; the time per unit is the mean of the blocks without
 * the slowest one. One freak delay (compilation, a sleeping machine) falls into one block and is ignored; what recurs, such as
 * an evaluation every epoch, falls into several and is counted.
 */

interface Sample {
  /** Milliseconds of activity since the beginning, pauses left out. */
  readonly active: number;
  /** Units of work done. */
  readonly done: number;
}

const BLOCKS = 8;
const MAXIMUM_SAMPLES = 512;

export class RemainingTime {
  private samples: Sample[] = [];
  private activeBefore = 0;
  private activeSince: number | undefined;

  /** `total`: units of work of the whole job, in whatever unit `observe` uses (steps, rows, bytes). */
  readonly total: number;

  constructor(total: number) {
    if (!(total > 0)) throw new RangeError(`A job has a positive amount of work, not ${total}.`);
    this.total = total;
  }

  /**
   * Reports that `done` units are finished at the time `now` (milliseconds of a steady clock). The first report says where the
   * job starts, which need not be 0. Work that goes back, after a restart from a checkpoint, begins a new history.
   */
  observe(done: number, now: number): void {
    this.resume(now);
    const last = this.samples.at(-1);
    if (last !== undefined && done < last.done) this.samples = [];
    if (done === last?.done) return;
    this.samples.push({ active: this.active(now), done });
    // Every second sample goes when there are too many: memory stays bounded, the ends stay exact.
    if (this.samples.length > MAXIMUM_SAMPLES) {
      this.samples = this.samples.filter((_, index, all) => index % 2 === 0 || index === all.length - 1);
    }
  }

  /** Stops the clock; the time until `resume` or the next `observe` does not count. */
  pause(now: number): void {
    this.activeBefore = this.active(now);
    this.activeSince = undefined;
  }

  resume(now: number): void {
    this.activeSince ??= now;
  }

  /** Milliseconds of activity so far. */
  active(now: number): number {
    return this.activeBefore + (this.activeSince === undefined ? 0 : Math.max(0, now - this.activeSince));
  }

  /**
   * Estimated milliseconds until the end; counts down between observations, never below zero. `null` while fewer than two units
   * of progress have been observed, because the first one is the least typical of all.
   */
  remaining(now: number): number | null {
    const last = this.samples.at(-1);
    if (last === undefined) return null;
    if (last.done >= this.total) return 0;
    const unit = this.millisecondsPerUnit();
    if (unit === null) return null;
    return Math.max(0, unit * (this.total - last.done) - (this.active(now) - last.active));
  }

  /** Units per second, or `null` as long as there is no estimate. */
  rate(): number | null {
    const unit = this.millisecondsPerUnit();
    return unit === null || unit === 0 ? null : 1000 / unit;
  }

  private millisecondsPerUnit(): number | null {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined || this.samples.length < 3) return null;
    const enough = this.samples.length > 2 * BLOCKS;
    const start = enough ? (first.done + last.done) / 2 : first.done;
    const blocks = Math.min(BLOCKS, this.samples.length - 1);
    const size = (last.done - start) / blocks;
    const speeds: number[] = [];
    let before = this.activeAt(start);
    for (let block = 1; block <= blocks; block += 1) {
      const after = block === blocks ? last.active : this.activeAt(start + block * size);
      speeds.push((after - before) / size);
      before = after;
    }
    speeds.sort((a, b) => a - b);
    const kept = speeds.slice(0, -1);
    return kept.reduce((sum, speed) => sum + speed, 0) / kept.length;
  }

  /** The activity time at which `done` units were finished, interpolated between the samples around it. */
  private activeAt(done: number): number {
    let low = 0;
    let high = this.samples.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.samples[middle]?.done ?? 0) <= done) low = middle;
      else high = middle;
    }
    const before = this.samples[low] ?? { active: 0, done: 0 };
    const after = this.samples[high] ?? before;
    const share = after.done === before.done ? 0 : (done - before.done) / (after.done - before.done);
    return before.active + share * (after.active - before.active);
  }
}

const DURATION_UNITS = [
  { name: 'd', seconds: 86_400 },
  { name: 'h', seconds: 3600 },
  { name: 'min', seconds: 60 },
  { name: 's', seconds: 1 },
] as const;

/** A duration for people, in its two leading units: "340 ms", "4.2 s", "47 s", "3 min 20 s", "2 h 5 min", "1 d 3 h". */
export function formatDuration(milliseconds: number): string {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) return '–';
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 9950) return `${(milliseconds / 1000).toFixed(1)} s`;
  // Rounded to the smaller of the two units first: 59.7 s is "1 min", not "0 min 60 s".
  let seconds = Math.round(milliseconds / 1000);
  if (seconds >= 3600) seconds = Math.round(seconds / 60) * 60;
  if (seconds >= 86_400) seconds = Math.round(seconds / 3600) * 3600;
  const parts: string[] = [];
  for (const unit of DURATION_UNITS) {
    const amount = Math.floor(seconds / unit.seconds);
    seconds -= amount * unit.seconds;
    if (amount > 0) parts.push(`${amount} ${unit.name}`);
  }
  return parts.join(' ');
}
