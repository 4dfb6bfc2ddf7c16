/**
 * Made-up DNA as FASTA: genes, which are a start codon, codons mostly of the form purine–any–pyrimidine, and a stop codon (the
 * form is that of J. C. W. Shepherd 1981), and, where there are labels, as many with the letters of a gene in random order. The
 * composition says nothing of the class; only the order does.
 */
import type { RandomStream } from '../src/shared/random.ts';
import { randomStream } from '../src/shared/random.ts';

const letters = ['A', 'C', 'G', 'T'] as const;
const stops = ['TAA', 'TAG', 'TGA'];
const codons = letters
  .flatMap((first) => letters.flatMap((second) => letters.map((third) => `${first}${second}${third}`)))
  .filter((codon) => !stops.includes(codon));
const preferred = codons.filter((codon) => /^[AG].[CT]$/.test(codon));

const width = 60;

export interface GeneOptions {
  /** Sequences in all. */
  readonly count: number;
  readonly seed?: number;
  /** Without: genes alone. With: half of each class, and headers say `label=coding` or `label=random`. */
  readonly labelled?: boolean;
}

/** The text of a FASTA file; the same for the same options. */
export function genesAsFasta({ count, seed = 0, labelled = false }: GeneOptions): string {
  const lines: string[] = [];
  for (let index = 0; index < count; index++) {
    const stream = randomStream(seed, index);
    const gene = drawGene(stream);
    const isCoding = !labelled || index % 2 === 0;
    const sequence = isCoding ? gene : shuffled(gene, stream);
    lines.push(`>sequence${index + 1}${labelled ? ` label=${isCoding ? 'coding' : 'random'}` : ''}`);
    for (let start = 0; start < sequence.length; start += width) lines.push(sequence.slice(start, start + width));
  }
  return `${lines.join('\n')}\n`;
}

function pick(list: readonly string[], stream: RandomStream): string {
  return list[stream.integer(list.length)]!;
}

function drawGene(stream: RandomStream): string {
  const inside = Array.from({ length: 24 + stream.integer(16) }, () =>
    pick(stream.uniform() < 0.7 ? preferred : codons, stream),
  );
  return ['ATG', ...inside, pick(stops, stream)].join('');
}

function shuffled(text: string, stream: RandomStream): string {
  const symbols = Array.from(text);
  for (let last = symbols.length - 1; last > 0; last--) {
    const other = stream.integer(last + 1);
    [symbols[last], symbols[other]] = [symbols[other]!, symbols[last]!];
  }
  return symbols.join('');
}
