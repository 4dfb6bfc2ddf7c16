/**
 * Substitution matrices, as they were published: BLOSUM62 of S. Henikoff and J. Henikoff, “Amino acid substitution matrices from protein
 * blocks” (PNAS 89, 1992), in half bits, and EDNAFULL of EMBOSS, which is NUC.4.4 of the NCBI (T. Lowe 1992).
 */

export interface SubstitutionMatrix {
  readonly name: string;
  /** Of two capital letters; those that it does not have score as the unknown one. */
  scoreOf(this: void, first: string, second: string): number;
}

/** Each row up to its own column: the matrices are symmetric. */
const blosum62Rows = [
  'A 4',
  'R -1 5',
  'N -2 0 6',
  'D -2 -2 1 6',
  'C 0 -3 -3 -3 9',
  'Q -1 1 0 0 -3 5',
  'E -1 0 0 2 -4 2 5',
  'G 0 -2 0 -1 -3 -2 -2 6',
  'H -2 0 1 -1 -3 0 0 -2 8',
  'I -1 -3 -3 -3 -1 -3 -3 -4 -3 4',
  'L -1 -2 -3 -4 -1 -2 -3 -4 -3 2 4',
  'K -1 2 0 -1 -3 1 1 -2 -1 -3 -2 5',
  'M -1 -1 -2 -3 -1 0 -2 -3 -2 1 2 -1 5',
  'F -2 -3 -3 -3 -2 -3 -3 -3 -1 0 0 -3 0 6',
  'P -1 -2 -2 -1 -3 -1 -1 -2 -2 -3 -3 -1 -2 -4 7',
  'S 1 -1 1 0 -1 0 0 0 -1 -2 -2 0 -1 -2 -1 4',
  'T 0 -1 0 -1 -1 -1 -1 -2 -2 -1 -1 -1 -1 -2 -1 1 5',
  'W -3 -3 -4 -4 -2 -2 -3 -2 -2 -3 -2 -3 -1 1 -4 -3 -2 11',
  'Y -2 -2 -2 -3 -2 -1 -2 -3 2 -1 -1 -2 -1 3 -3 -2 -2 2 7',
  'V 0 -3 -3 -3 -1 -2 -2 -3 -3 3 1 -2 1 -1 -2 -2 0 -3 -1 4',
  'B -2 -1 3 4 -3 0 1 -1 0 -3 -4 0 -3 -3 -2 0 -1 -4 -3 -3 4',
  'Z -1 0 0 1 -3 3 4 -2 0 -3 -3 1 -1 -3 -1 0 -1 -3 -2 -2 1 4',
  'X 0 -1 -1 -1 -2 -1 -1 -1 -1 -1 -1 -1 -1 -1 -2 0 0 -2 -1 -1 -1 -1 -1',
  '* -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 -4 1',
];

const ednafullRows = [
  'A 5',
  'T -4 5',
  'G -4 -4 5',
  'C -4 -4 -4 5',
  'S -4 -4 1 1 -1',
  'W 1 1 -4 -4 -4 -1',
  'R 1 -4 1 -4 -2 -2 -1',
  'Y -4 1 -4 1 -2 -2 -4 -1',
  'K -4 1 1 -4 -2 -2 -2 -2 -1',
  'M 1 -4 -4 1 -2 -2 -2 -2 -4 -1',
  'B -4 -1 -1 -1 -1 -3 -3 -1 -1 -3 -1',
  'V -1 -4 -1 -1 -1 -3 -1 -3 -3 -1 -2 -1',
  'H -1 -1 -4 -1 -3 -1 -3 -1 -3 -1 -2 -2 -1',
  'D -1 -1 -1 -4 -3 -1 -1 -3 -1 -3 -2 -2 -2 -1',
  'N -2 -2 -2 -2 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1',
];

function readMatrix(name: string, rows: readonly string[], unknown: string): SubstitutionMatrix {
  const symbols = rows.map((row) => row.charAt(0)).join('');
  const scores = new Int8Array(symbols.length ** 2);
  for (const [row, text] of rows.entries()) {
    for (const [column, value] of text.slice(2).split(' ').entries()) {
      scores[row * symbols.length + column] = Number(value);
      scores[column * symbols.length + row] = Number(value);
    }
  }
  const other = symbols.indexOf(unknown);
  const placeOf = (symbol: string): number => {
    const place = symbols.indexOf(symbol);
    return place < 0 ? other : place;
  };
  return { name, scoreOf: (first, second) => scores[placeOf(first) * symbols.length + placeOf(second)]! };
}

export const blosum62 = readMatrix('BLOSUM62', blosum62Rows, 'X');
export const ednafull = readMatrix('EDNAFULL', ednafullRows, 'N');

/** The one for what the sequences are: nucleotides have no letters but these. */
export function matrixOf(sequences: readonly string[]): SubstitutionMatrix {
  return sequences.every((sequence) => /^[ACGTUN]*$/iu.test(sequence)) ? nucleotides : blosum62;
}

/** RNA is read as DNA. */
const nucleotides: SubstitutionMatrix = {
  name: ednafull.name,
  scoreOf: (first, second) => ednafull.scoreOf(first === 'U' ? 'T' : first, second === 'U' ? 'T' : second),
};
