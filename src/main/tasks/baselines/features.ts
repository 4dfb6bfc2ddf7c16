/**
 * Feature matrices of the baselines, dense or sparse, and the two products that linear models are made of. Weights are row-major
 * [classes, features] for both kinds, so that a model does not depend on how its features were stored.
 */

/** Row-major [rows, columns]. */
export interface DenseFeatures {
  readonly kind: 'dense';
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** Compressed sparse rows: row r has the entries rowOffsets[r] … rowOffsets[r + 1] − 1, with ascending columns. */
export interface SparseFeatures {
  readonly kind: 'sparse';
  readonly rows: number;
  readonly columns: number;
  readonly rowOffsets: Uint32Array;
  readonly columnIndices: Uint32Array;
  readonly values: Float32Array;
}

export type Features = DenseFeatures | SparseFeatures;

/** @throws RangeError if the values do not fill the rows. */
export function denseFeatures(values: Float32Array, rows: number, columns: number): DenseFeatures {
  if (values.length !== rows * columns) {
    throw new RangeError(`${values.length} values are not ${rows} rows of ${columns} features.`);
  }
  return { kind: 'dense', rows, columns, values };
}

/**
 * scores[row, class] = Σ features[row, feature] · weights[class, feature].
 * @param scores row-major [rows, classCount], overwritten
 */
export function multiply(features: Features, weights: Float64Array, classCount: number, scores: Float64Array): void {
  if (features.kind === 'dense') multiplyDense(features, weights, classCount, scores);
  else multiplySparse(features, weights, classCount, scores);
}

/**
 * gradient[class, feature] += Σ residuals[row, class] · features[row, feature].
 * @param residuals row-major [rows, classCount]
 * @param gradient row-major [classCount, features], added to
 */
export function accumulateGradient(
  features: Features,
  residuals: Float64Array,
  classCount: number,
  gradient: Float64Array,
): void {
  if (features.kind === 'dense') accumulateDense(features, residuals, classCount, gradient);
  else accumulateSparse(features, residuals, classCount, gradient);
}

/** Two rows and two classes at a time: every loaded number is used twice. */
function multiplyDense(features: DenseFeatures, weights: Float64Array, classCount: number, scores: Float64Array): void {
  const { rows, columns, values } = features;
  for (let row = 0; row < rows; row += 2) {
    const pairedRow = row + 1 < rows;
    const x0 = row * columns;
    const x1 = pairedRow ? x0 + columns : x0;
    for (let label = 0; label < classCount; label += 2) {
      const pairedClass = label + 1 < classCount;
      const w0 = label * columns;
      const w1 = pairedClass ? w0 + columns : w0;
      let sum00 = 0;
      let sum01 = 0;
      let sum10 = 0;
      let sum11 = 0;
      for (let column = 0; column < columns; column += 1) {
        const first = values[x0 + column]!;
        const second = values[x1 + column]!;
        const left = weights[w0 + column]!;
        const right = weights[w1 + column]!;
        sum00 += first * left;
        sum01 += first * right;
        sum10 += second * left;
        sum11 += second * right;
      }
      const target = row * classCount + label;
      scores[target] = sum00;
      if (pairedClass) scores[target + 1] = sum01;
      if (pairedRow) scores[target + classCount] = sum10;
      if (pairedRow && pairedClass) scores[target + classCount + 1] = sum11;
    }
  }
}

/** Four rows at a time: the gradient is loaded and stored a quarter as often. */
function accumulateDense(
  features: DenseFeatures,
  residuals: Float64Array,
  classCount: number,
  gradient: Float64Array,
): void {
  const { rows, columns, values } = features;
  const whole = rows - (rows % 4);
  for (let row = 0; row < whole; row += 4) {
    const x = row * columns;
    for (let label = 0; label < classCount; label += 1) {
      const start = label * columns;
      const r0 = residuals[row * classCount + label]!;
      const r1 = residuals[(row + 1) * classCount + label]!;
      const r2 = residuals[(row + 2) * classCount + label]!;
      const r3 = residuals[(row + 3) * classCount + label]!;
      for (let column = 0; column < columns; column += 1) {
        const position = x + column;
        gradient[start + column]! +=
          r0 * values[position]! +
          r1 * values[position + columns]! +
          r2 * values[position + 2 * columns]! +
          r3 * values[position + 3 * columns]!;
      }
    }
  }
  for (let row = whole; row < rows; row += 1) {
    for (let label = 0; label < classCount; label += 1) {
      const residual = residuals[row * classCount + label]!;
      for (let column = 0; column < columns; column += 1) {
        gradient[label * columns + column]! += residual * values[row * columns + column]!;
      }
    }
  }
}

function multiplySparse(
  features: SparseFeatures,
  weights: Float64Array,
  classCount: number,
  scores: Float64Array,
): void {
  const { rows, columns, rowOffsets, columnIndices, values } = features;
  for (let row = 0; row < rows; row += 1) {
    const start = rowOffsets[row]!;
    const end = rowOffsets[row + 1]!;
    for (let label = 0; label < classCount; label += 1) {
      const offset = label * columns;
      let sum = 0;
      for (let entry = start; entry < end; entry += 1) sum += values[entry]! * weights[offset + columnIndices[entry]!]!;
      scores[row * classCount + label] = sum;
    }
  }
}

function accumulateSparse(
  features: SparseFeatures,
  residuals: Float64Array,
  classCount: number,
  gradient: Float64Array,
): void {
  const { rows, columns, rowOffsets, columnIndices, values } = features;
  for (let row = 0; row < rows; row += 1) {
    const start = rowOffsets[row]!;
    const end = rowOffsets[row + 1]!;
    for (let label = 0; label < classCount; label += 1) {
      const offset = label * columns;
      const residual = residuals[row * classCount + label]!;
      for (let entry = start; entry < end; entry += 1) {
        gradient[offset + columnIndices[entry]!]! += residual * values[entry]!;
      }
    }
  }
}

/** The features of two matrices of the same rows, one after the other. */
export function besideEachOther(first: SparseFeatures, second: SparseFeatures): SparseFeatures {
  if (first.rows !== second.rows) throw new RangeError(`${first.rows} rows cannot stand beside ${second.rows}.`);
  const count = first.values.length + second.values.length;
  const rowOffsets = new Uint32Array(first.rows + 1);
  const columnIndices = new Uint32Array(count);
  const values = new Float32Array(count);
  let position = 0;
  for (let row = 0; row < first.rows; row += 1) {
    for (const { matrix, shift } of [
      { matrix: first, shift: 0 },
      { matrix: second, shift: first.columns },
    ]) {
      for (let entry = matrix.rowOffsets[row]!; entry < matrix.rowOffsets[row + 1]!; entry += 1) {
        columnIndices[position] = matrix.columnIndices[entry]! + shift;
        values[position] = matrix.values[entry]!;
        position += 1;
      }
    }
    rowOffsets[row + 1] = position;
  }
  return {
    kind: 'sparse',
    rows: first.rows,
    columns: first.columns + second.columns,
    rowOffsets,
    columnIndices,
    values,
  };
}
