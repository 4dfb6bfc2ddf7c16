/**
 * Sides for examples that may have several labels, each label on every side in the wanted proportion as far as that goes: iterative
 * stratification (K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label data", ECML PKDD 2011). The rarest
 * label is dealt with first, and an example goes to the side that lacks most of it.
 */

/** Labels of all examples, row-major [examples, count]: 1 where an example has a label. */
export interface LabelSets {
  readonly count: number;
  readonly values: Uint8Array;
}

/**
 * The side of each unit, an index into the wanted numbers.
 * @param units examples that stay together, in random order: of equal ones the first is dealt with first
 * @param wanted examples of each side
 */
export function stratifyLabels(
  units: readonly (readonly number[])[],
  { count, values }: LabelSets,
  wanted: readonly number[],
): Int32Array {
  const examples = units.reduce((sum, { length }) => sum + length, 0);
  const labelsOf = (unit: number): Float64Array => {
    const own = new Float64Array(count);
    for (const example of units[unit]!) {
      for (let label = 0; label < count; label += 1) own[label]! += values[example * count + label]!;
    }
    return own;
  };
  const ofUnits = units.map((_, unit) => labelsOf(unit));
  const left = new Float64Array(count);
  for (const own of ofUnits) own.forEach((number, label) => (left[label]! += number));
  const shares = wanted.map((number) => number / examples);
  const room = Float64Array.from(wanted);
  const roomOf = shares.map((share) => left.map((number) => number * share));
  const sides = new Int32Array(units.length).fill(-1);

  const place = (unit: number, side: number): void => {
    sides[unit] = side;
    room[side]! -= units[unit]!.length;
    for (const [label, number] of ofUnits[unit]!.entries()) {
      roomOf[side]![label]! -= number;
      left[label]! -= number;
    }
  };
  /** The side that lacks most of a label, of equal ones that with most room. */
  const neediest = (label: number | undefined): number => {
    const lacks = (side: number): number => (label === undefined ? room[side]! : roomOf[side]![label]!);
    let best = 0;
    for (let side = 1; side < wanted.length; side += 1) {
      const more = lacks(side) - lacks(best);
      if (more > 1e-9 || (more > -1e-9 && room[side]! > room[best]!)) best = side;
    }
    return best;
  };
  const holders = Array.from({ length: count }, (_, label) =>
    Array.from(units.keys()).filter((unit) => ofUnits[unit]![label]! > 0),
  );
  for (;;) {
    const rarest = rarestOf(left);
    if (rarest === undefined) break;
    for (const unit of holders[rarest]!) if (sides[unit] === -1) place(unit, neediest(rarest));
  }
  for (const unit of units.keys()) if (sides[unit] === -1) place(unit, neediest(undefined));
  return sides;
}

/** Of the labels that are still to be placed, the one with fewest examples. */
function rarestOf(left: Float64Array): number | undefined {
  let rarest: number | undefined;
  for (const [label, number] of left.entries()) {
    if (number > 0 && (rarest === undefined || number < left[rarest]!)) rarest = label;
  }
  return rarest;
}
