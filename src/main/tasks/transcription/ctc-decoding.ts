/** What a network with a CTC output has read: the likeliest path, or the likeliest transcripts by beam search. */

/** Log probabilities [steps, classes], row-major; class 0 is the blank. */
export interface StepProbabilities {
  readonly steps: number;
  readonly classes: number;
  readonly data: ArrayLike<number>;
}

/** The likeliest class of each step, repetitions merged and blanks removed (Graves et al. 2006, "best path decoding"). */
export function decodeGreedily({ steps, classes, data }: StepProbabilities): number[] {
  const labels: number[] = [];
  let previous = 0;
  for (let step = 0; step < steps; step++) {
    let best = 0;
    for (let label = 1; label < classes; label++) {
      if (data[step * classes + label]! > data[step * classes + best]!) best = label;
    }
    if (best !== 0 && best !== previous) labels.push(best);
    previous = best;
  }
  return labels;
}

export interface Transcript {
  readonly labels: readonly number[];
  /** Natural logarithm of its probability, over all paths that the beam has kept. */
  readonly logProbability: number;
}

interface Prefix {
  readonly labels: readonly number[];
  /** Log probabilities of the paths that end in a blank, and in the last label. */
  blank: number;
  label: number;
}

/**
 * Prefix beam search (Graves & Jaitly 2014): follows the `width` likeliest transcripts, adding up the paths that lead to each.
 * The likeliest first. With a beam that is wide enough the probabilities are exact.
 */
export function decodeByBeam({ steps, classes, data }: StepProbabilities, width: number): Transcript[] {
  let beam: Prefix[] = [{ labels: [], blank: 0, label: -Infinity }];
  for (let step = 0; step < steps; step++) {
    const next = new Map<string, Prefix>();
    const of = (labels: readonly number[]): Prefix => {
      const key = labels.join(' ');
      const known = next.get(key) ?? { labels, blank: -Infinity, label: -Infinity };
      next.set(key, known);
      return known;
    };
    for (const { labels, blank, label } of beam) {
      const last = labels.at(-1);
      const same = of(labels);
      same.blank = logAdd(same.blank, logAdd(blank, label) + data[step * classes]!);
      if (last !== undefined) same.label = logAdd(same.label, label + data[step * classes + last]!);
      for (let extension = 1; extension < classes; extension++) {
        // A repeated label needs a blank between the two.
        const from = extension === last ? blank : logAdd(blank, label);
        if (from === -Infinity) continue;
        const longer = of([...labels, extension]);
        longer.label = logAdd(longer.label, from + data[step * classes + extension]!);
      }
    }
    beam = [...next.values()].sort((a, b) => logAdd(b.blank, b.label) - logAdd(a.blank, a.label)).slice(0, width);
  }
  return beam.map(({ labels, blank, label }) => ({ labels, logProbability: logAdd(blank, label) }));
}

/** log(eᵃ + eᵇ). */
export function logAdd(a: number, b: number): number {
  const [large, small] = a > b ? [a, b] : [b, a];
  return small === -Infinity ? large : large + Math.log1p(Math.exp(small - large));
}
