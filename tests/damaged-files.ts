/** What happens to files: bytes are lost, doubled or changed, lengths become huge; and, in JSON, values become others. */
import fc from 'fast-check';

const change = fc.record({
  kind: fc.constantFrom('cut', 'flip', 'huge', 'drop', 'double', 'zero'),
  place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  size: fc.integer({ min: 1, max: 40 }),
  value: fc.integer({ min: 0, max: 255 }),
});

export const damage = fc.array(change, { minLength: 1, maxLength: 4 });

export type Damage = typeof damage extends fc.Arbitrary<infer Value> ? Value : never;

export function damaged(whole: Buffer, changes: Damage): Buffer {
  let bytes = Buffer.from(whole);
  for (const { kind, place, size, value } of changes) {
    const at = Math.floor(place * bytes.length);
    const piece = bytes.subarray(at, at + size);
    if (kind === 'cut') bytes = Buffer.from(bytes.subarray(0, at));
    if (kind === 'flip') piece.subarray(0, 1).fill(value);
    if (kind === 'huge') piece.subarray(0, 8).fill(0xff);
    if (kind === 'zero') piece.fill(0);
    if (kind === 'drop') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
    if (kind === 'double') bytes = Buffer.concat([bytes.subarray(0, at + size), bytes.subarray(at)]);
  }
  return bytes;
}

/** Values that JSON may have where others are expected. */
const oddValues = [
  ...[null, true, false, '', 'x', '__proto__', [], {}, [[]], [null], { content: null }, 'a'.repeat(1000)],
  ...[0, -1, 1, 3, 0.5, 1e9, 1e308, -1e308, 2 ** 53, 2 ** 31, 5e-324],
];

export const jsonDamage = fc.array(
  fc.record({ place: fc.nat(), value: fc.constantFrom(...oddValues), removes: fc.boolean() }),
  { minLength: 1, maxLength: 3 },
);

/** JSON in which values, wherever they are, are others or gone. */
export function damagedJson(
  text: string,
  changes: readonly { place: number; value: unknown; removes: boolean }[],
): string {
  const value: unknown = JSON.parse(text);
  for (const { place, value: other, removes } of changes) {
    const holders = holdersIn(value).filter((holder) => Object.keys(holder).length > 0);
    const holder = holders[place % Math.max(1, holders.length)];
    if (!holder) continue;
    const keys = Object.keys(holder);
    const key = keys[place % keys.length]!;
    if (removes) Reflect.deleteProperty(holder, key);
    else Reflect.set(holder, key, structuredClone(other)); // a value may be damaged in its turn, and must hold itself nowhere
  }
  return JSON.stringify(value);
}

function holdersIn(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap((inner) => holdersIn(inner))];
}
