/** The other strand of a nucleic acid: what a read of the same place may be written as. */

/** Of nucleotides and of the IUPAC codes for more than one of them, by their partners. */
const partners: Readonly<Record<string, string>> = {
  ...{ A: 'T', C: 'G', G: 'C', T: 'A', U: 'A', R: 'Y', Y: 'R', K: 'M', M: 'K', S: 'S', W: 'W' },
  ...{ B: 'V', V: 'B', D: 'H', H: 'D', N: 'N', '-': '-' },
};

/** Undefined for what is no nucleic acid: other letters than those of nucleotides, or fewer than nine of ten that name just one. */
export function reverseComplement(text: string): string | undefined {
  const sequence = text.replace(/\s+/gu, '').toUpperCase();
  const certain = sequence.match(/[ACGTU]/gu)?.length ?? 0;
  if (sequence === '' || certain < 0.9 * sequence.length) return undefined;
  let other = '';
  for (let index = sequence.length - 1; index >= 0; index -= 1) {
    const partner = partners[sequence[index]!];
    if (partner === undefined) return undefined;
    other += partner;
  }
  return sequence.includes('U') ? other.replaceAll('T', 'U') : other;
}
