/** By which field runs are divided into two sides to be compared, as long as nobody has chosen one. */

interface PairableField {
  readonly field: string;
  readonly title: string;
  readonly distinct: number;
}

/** What pairs are made of, and what every run has of its own, divides nothing. */
const own = /(^|\.)(seed|splitSeed|name|id|createdAt|startedAt|finishedAt|state|notes|tags|study|step|pinned|paused)$/u;

/** What a person most likely asks about, first. */
const likely = ['spec.from.run', 'from', 'spec.pipeline', 'spec.freeze', 'task', 'data'];

/** The field of two sides that is likeliest meant; the experiments' names where nothing else tells runs apart. */
export function pairField(
  chosen: string,
  fields: readonly PairableField[],
): { readonly field: string; readonly title: string } {
  const known = fields.find(({ field }) => field === chosen);
  if (chosen !== '') return known ?? { field: chosen, title: chosen };
  const rank = ({ field, distinct }: PairableField): number => {
    const place = likely.indexOf(field);
    return (place < 0 ? likely.length : place) + (distinct === 2 ? 0 : 100);
  };
  const [best] = fields
    .filter(({ field, distinct }) => distinct > 1 && !own.test(field) && !field.startsWith('metrics.'))
    .toSorted((one, other) => rank(one) - rank(other));
  return best ?? { field: 'name', title: 'name' };
}
