/**
 * References to runs by id. Written by the name of an experiment they mean its latest run, which is another one as soon as somebody
 * trains one of the same name; what is stored for later says which run it meant.
 */
export interface KnownRun {
  readonly id: string;
  readonly name: string;
  readonly isFinished: boolean;
  readonly createdAt: number;
}

/** Of a spec: members that hold `{ run }`, and the dotted paths by which studies set them; sweeps have lists for these. */
const holders = new Set(['from', 'tokenizer']);
const paths = new Set(['from.run', 'tokenizer.run']);
const lists = new Set(['leaksAgainst', 'evaluation.leaksAgainst']);

/** Experiments, studies and sweeps as JSON. What no run is known for stays as it is, and whoever reads it says so. */
export function pinReferences(spec: unknown, known: readonly KnownRun[]): unknown {
  if (Array.isArray(spec)) return spec.map((item) => pinReferences(item, known));
  if (typeof spec !== 'object' || spec === null) return spec;
  return Object.fromEntries(
    Object.entries(spec).map(([key, value]: readonly [string, unknown]) => [key, pinMember(key, value, known)]),
  );
}

function pinMember(key: string, value: unknown, known: readonly KnownRun[]): unknown {
  if (paths.has(key)) return Array.isArray(value) ? value.map((one) => pinned(one, known)) : pinned(value, known);
  if (lists.has(key) && Array.isArray(value)) return value.map((one) => pinned(one, known));
  if (holders.has(key) && typeof value === 'object' && value !== null && 'run' in value) {
    return { ...value, run: pinned(value.run, known) };
  }
  return pinReferences(value, known);
}

function pinned(reference: unknown, known: readonly KnownRun[]): unknown {
  if (typeof reference !== 'string' || known.some(({ id }) => id === reference)) return reference;
  return latestOf(known.filter(({ name }) => name === reference))?.id ?? reference;
}

/** The latest that is finished; without any, the latest. */
export function latestOf<Run extends Pick<KnownRun, 'isFinished' | 'createdAt'>>(
  runs: readonly Run[],
): Run | undefined {
  const newest = runs.toSorted((a, b) => b.createdAt - a.createdAt);
  return newest.find(({ isFinished }) => isFinished) ?? newest[0];
}
