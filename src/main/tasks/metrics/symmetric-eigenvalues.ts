/** The eigenvalues of a symmetric matrix: Householder reflections to tridiagonal form, then the implicit QL iteration. */

/** Iterations for one eigenvalue; two or three are usual. */
const mostIterations = 60;

/**
 * Ascending; n³ · 4/3 operations and no eigenvectors (H. Bowdler, R. S. Martin, C. Reinsch, J. H. Wilkinson, 1968).
 * @param matrix row-major n × n; only its lower triangle is read, and it is not changed
 */
export function symmetricEigenvalues(matrix: Float64Array, n: number): Float64Array {
  const { diagonal, below } = tridiagonal(Float64Array.from(matrix), n);
  for (let first = 0; first < n; first += 1) {
    for (let iteration = 0; iteration < mostIterations; iteration += 1) {
      const last = blockEnd(diagonal, below, first);
      if (last === first) break;
      qlStep(diagonal, below, first, last);
    }
  }
  return diagonal.sort();
}

/** Reduces `a` in place; `below[i]` is the element below diagonal[i], and the last one is 0. */
function tridiagonal(a: Float64Array, n: number) {
  const diagonal = new Float64Array(n);
  const below = new Float64Array(n);
  const vector = new Float64Array(n);
  const product = new Float64Array(n);
  for (let row = n - 1; row > 0; row -= 1) {
    let squares = 0;
    for (let column = 0; column < row; column += 1) squares += a[row * n + column]! ** 2;
    const pivot = a[row * n + row - 1]!;
    const norm = Math.sqrt(squares);
    below[row - 1] = pivot > 0 ? -norm : norm;
    diagonal[row] = a[row * n + row]!;
    if (squares === 0) continue;
    // v reflects the row onto its last element; H = I − v vᵀ / h.
    for (let column = 0; column < row; column += 1) vector[column] = a[row * n + column]!;
    vector[row - 1] = pivot - below[row - 1]!;
    const half = squares - pivot * below[row - 1]!;
    let overlap = 0;
    for (let i = 0; i < row; i += 1) {
      let sum = 0;
      for (let j = 0; j < row; j += 1) sum += (j <= i ? a[i * n + j]! : a[j * n + i]!) * vector[j]!;
      product[i] = sum / half;
      overlap += product[i]! * vector[i]!;
    }
    const share = overlap / (2 * half);
    for (let i = 0; i < row; i += 1) product[i]! -= share * vector[i]!;
    for (let i = 0; i < row; i += 1) {
      for (let j = 0; j <= i; j += 1) a[i * n + j]! -= vector[i]! * product[j]! + product[i]! * vector[j]!;
    }
  }
  if (n > 0) diagonal[0] = a[0]!;
  return { diagonal, below };
}

/** The last row of the block that begins at `first` and falls apart from what is below it. */
function blockEnd(diagonal: Float64Array, below: Float64Array, first: number): number {
  let last = first;
  while (last < diagonal.length - 1) {
    const size = Math.abs(diagonal[last]!) + Math.abs(diagonal[last + 1]!);
    if (Math.abs(below[last]!) <= Number.EPSILON * size) break;
    last += 1;
  }
  return last;
}

/** One implicit QL step with Wilkinson's shift on the rows from `first` to `last`. */
function qlStep(diagonal: Float64Array, below: Float64Array, first: number, last: number): void {
  const half = (diagonal[first + 1]! - diagonal[first]!) / (2 * below[first]!);
  const radius = Math.hypot(half, 1);
  let carried = diagonal[last]! - diagonal[first]! + below[first]! / (half + (half >= 0 ? radius : -radius));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let row = last - 1; row >= first; row -= 1) {
    const f = sine * below[row]!;
    const b = cosine * below[row]!;
    const length = Math.hypot(f, carried);
    below[row + 1] = length;
    if (length === 0) {
      diagonal[row + 1]! -= shift;
      below[last] = 0;
      return;
    }
    sine = f / length;
    cosine = carried / length;
    const difference = diagonal[row + 1]! - shift;
    const turned = (diagonal[row]! - difference) * sine + 2 * cosine * b;
    shift = sine * turned;
    diagonal[row + 1] = difference + shift;
    carried = cosine * turned - b;
  }
  diagonal[first]! -= shift;
  below[first] = carried;
  below[last] = 0;
}
