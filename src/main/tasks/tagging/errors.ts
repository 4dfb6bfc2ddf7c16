/** The entities, or words, that tags have wrong: each true one that was not found, and each answered one that is not there. */
import type { Entity } from './entities.ts';

export interface TagError {
  /** Type of the true entity; null where there is none. */
  readonly actual: string | null;
  /** Type of what was answered in its place; null where nothing was. */
  readonly predicted: string | null;
}

/**
 * A true entity that was not found is paired with the first answered one that overlaps it; both of one type means that the limits are
 * wrong. Answered entities that overlap no true one stand alone.
 */
export function errorsOf(truth: readonly Entity[], answered: readonly Entity[]): TagError[] {
  const isSame = (a: Entity, b: Entity): boolean => a.from === b.from && a.to === b.to && a.type === b.type;
  const missed = truth.filter((one) => !answered.some((other) => isSame(one, other)));
  const wrong = answered.filter((one) => !truth.some((other) => isSame(one, other)));
  const used = new Set<Entity>();
  const errors = missed.map(({ type, from, to }): TagError => {
    const instead = wrong.find((other) => !used.has(other) && other.from < to && from < other.to);
    if (instead) used.add(instead);
    return { actual: type, predicted: instead?.type ?? null };
  });
  for (const one of wrong) if (!used.has(one)) errors.push({ actual: null, predicted: one.type });
  return errors;
}
