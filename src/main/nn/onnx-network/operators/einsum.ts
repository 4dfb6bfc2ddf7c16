/** Sums of products by letters, as attention is sometimes written: every pair of factors becomes one product of matrices. */
import { LabError } from '../../../../shared/errors.ts';
import type { Value } from '../../../graph/index.ts';
import { elementCount, matmul, reshape, sum, transpose } from '../../../graph/index.ts';

interface Lettered {
  readonly value: Value;
  readonly letters: readonly string[];
}

/**
 * The sum of products that an equation such as 'bhid,bhjd->bhij' names. Throws `LabError('bad-spec')` for one with an ellipsis, or
 * with a letter twice in one factor.
 */
export function einsum(equation: string, values: readonly Value[]): Value {
  const [left = '', right] = equation.replaceAll(/\s/g, '').split('->');
  const factors = left.split(',').map((letters, index): Lettered => {
    const value = values[index];
    if (!value || !/^[a-z]+$/i.test(letters) || value.shape.length !== letters.length || hasTwice(letters)) {
      throw new LabError('bad-spec', `the equation '${equation}' cannot be read`);
    }
    return { value, letters: Array.from(letters) };
  });
  const wanted = Array.from(right ?? implied(left));
  if (factors.length !== values.length || hasTwice(wanted.join(''))) {
    throw new LabError('bad-spec', `the equation '${equation}' does not fit its ${values.length} factors`);
  }
  const [first, ...rest] = factors as [Lettered, ...Lettered[]]; // split gives one at least
  const whole = rest.reduce((a, b, index) => {
    const later = new Set([...wanted, ...rest.slice(index + 1).flatMap(({ letters }) => letters)]);
    return contract(a, b, later);
  }, first);
  return arrange(summed(whole, new Set(wanted)), wanted).value;
}

const hasTwice = (letters: string): boolean => new Set(letters).size !== letters.length;

/** Without an arrow: the letters that come once, in alphabetical order. */
function implied(left: string): string {
  const letters = Array.from(left.replaceAll(',', ''));
  return letters
    .filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter))
    .sort()
    .join('');
}

/** Without the letters that nobody reads. */
function summed({ value, letters }: Lettered, needed: ReadonlySet<string>): Lettered {
  const axes = letters.flatMap((letter, axis) => (needed.has(letter) ? [] : [axis]));
  return { value: axes.length === 0 ? value : sum(value, axes), letters: letters.filter((one) => needed.has(one)) };
}

function arrange({ value, letters }: Lettered, order: readonly string[]): Lettered {
  const places = order.map((letter) => letters.indexOf(letter));
  if (places.includes(-1) || order.length !== letters.length) {
    throw new LabError('bad-spec', `nothing in the equation has the letters ${order.join('')}`);
  }
  return { value: transpose(value, places), letters: order };
}

/** The product of two factors, summed over what is in neither the other factors nor the result. */
function contract(a: Lettered, b: Lettered, later: ReadonlySet<string>): Lettered {
  const left = summed(a, new Set([...later, ...b.letters]));
  const right = summed(b, new Set([...later, ...a.letters]));
  const shared = left.letters.filter((letter) => right.letters.includes(letter));
  const [stack, inner] = [shared.filter((one) => later.has(one)), shared.filter((one) => !later.has(one))];
  const rows = left.letters.filter((letter) => !shared.includes(letter));
  const columns = right.letters.filter((letter) => !shared.includes(letter));
  const sizes = new Map(
    [left, right].flatMap(({ value, letters }) => letters.map((one, axis) => [one, value.shape[axis]!])),
  );
  const count = (letters: readonly string[]): number => elementCount(letters.map((letter) => sizes.get(letter)!));
  const matrix = (one: Lettered, order: readonly string[], shape: readonly number[]): Value =>
    reshape(arrange(one, order).value, shape);
  const product = matmul(
    matrix(left, [...stack, ...rows, ...inner], [count(stack), count(rows), count(inner)]),
    matrix(right, [...stack, ...inner, ...columns], [count(stack), count(inner), count(columns)]),
  );
  const letters = [...stack, ...rows, ...columns];
  return {
    value: reshape(
      product,
      letters.map((letter) => sizes.get(letter)!),
    ),
    letters,
  };
}
