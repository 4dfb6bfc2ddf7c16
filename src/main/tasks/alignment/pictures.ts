/** Pairs of the test as a trained network sees them: both rows with coloured columns, and the dot plot of all pairs of residues. */
import { alignedRows } from '../../data/text/aligned-pair.ts';
import { formatPercent } from '../../../shared/display.ts';
import { escapeMarkup } from '../../../shared/escape-markup.ts';
import { auditedBatches } from '../audited-batches.ts';
import type { Inspection, InspectionReport, Picture } from '../task.ts';
import { Substituted } from './audit.ts';
import { readAlignment, type Decoding } from './decoding.ts';
import { fedAlignment, sizesOf } from './evaluation.ts';
import { openPairs, type PairSettings } from './pairs.ts';

/** Pictures of a run. */
const SHOWN = 4;
const CELL = 7;
const LETTER = 11;
const MARGIN = 24;

export async function inspectAlignments(
  inspection: Inspection<PairSettings & { readonly decoding: Decoding }>,
): Promise<InspectionReport> {
  const { setup, batchSize } = inspection;
  const material = openPairs(setup);
  try {
    const pictures: Picture[] = [];
    const substituted = new Substituted();
    for await (const { split, index, feeds, outputs } of auditedBatches(inspection)) {
      for (let row = 0; row < batchSize; row += 1) {
        if (feeds.weights![row] === 0 || feeds.columns![row] === 0) continue;
        const sizes = sizesOf(feeds, row, batchSize);
        const { first, second } = material.pair(material.sides[split][index * batchSize + row]!);
        const read = readAlignment(outputs, row, sizes, setup.options.decoding);
        const truth = fedAlignment(feeds, row, sizes.rows);
        substituted.add({ first, second, truth }, read.alignment);
        if (pictures.length === SHOWN) continue;
        const number = pictures.length + 1;
        pictures.push({
          file: `alignment-${number}.svg`,
          title: `Alignment ${number} of the ${split}`,
          content: Buffer.from(drawAlignment({ first, second, ...read, truth })),
        });
      }
    }
    return { findings: substituted.findings(), pictures };
  } finally {
    material.dataset.close();
  }
}

export interface DrawnAlignment {
  readonly first: string;
  readonly second: string;
  readonly alignment: Int32Array;
  /** Probabilities of pairs, row-major. */
  readonly pairs: ArrayLike<number>;
  readonly related: number;
  /** For each residue of the first sequence the one of the second, −1 for none. */
  readonly truth: ArrayLike<number>;
}

/** As SVG. Columns are green where they are right, red where they are wrong; rings of the dot plot are the true pairs. */
export function drawAlignment({ first, second, alignment, pairs, related, truth }: DrawnAlignment): string {
  const { columns, ...rows } = alignedRows(first, second, alignment);
  const plot = { width: second.length * CELL, height: first.length * CELL };
  const width = 2 * MARGIN + Math.max(columns.length * LETTER, plot.width, 36 * LETTER);
  const top = MARGIN + 4 * LETTER + 28;
  const height = top + plot.height + MARGIN + 20;
  const parts: string[] = [];
  const text = (x: number, y: number, content: string, size: number, anchor = 'start', ink = '#1c2430'): void => {
    parts.push(
      `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="${ink}">${escapeMarkup(content)}</text>`,
    );
  };
  text(MARGIN, MARGIN, `related: ${formatPercent(related)}`, 12);
  for (const [place, column] of columns.entries()) {
    const x = MARGIN + place * LETTER;
    const isPair = column.first >= 0 && column.second >= 0;
    if (isPair) {
      const sure = pairs[column.first * second.length + column.second]!;
      const colour = truth[column.first] === column.second ? '#2e8b57' : '#c8442b';
      parts.push(
        `<rect x="${x}" y="${MARGIN + 10}" width="${LETTER}" height="34" fill="${colour}" fill-opacity="${(0.1 + 0.5 * sure).toFixed(3)}"/>`,
      );
    }
    text(x + LETTER / 2, MARGIN + 24, rows.first[place]!, 11, 'middle');
    text(x + LETTER / 2, MARGIN + 40, rows.second[place]!, 11, 'middle');
  }
  for (let row = 0; row < first.length; row += 1) {
    for (let column = 0; column < second.length; column += 1) {
      const [x, y] = [MARGIN + column * CELL, top + row * CELL];
      const sure = pairs[row * second.length + column]!;
      if (sure >= 0.01) {
        parts.push(
          `<rect x="${x}" y="${y}" width="${CELL}" height="${CELL}" fill="#2456a6" fill-opacity="${sure.toFixed(3)}"/>`,
        );
      }
      if (truth[row] === column) {
        parts.push(
          `<circle cx="${x + CELL / 2}" cy="${y + CELL / 2}" r="${CELL / 3}" fill="none" stroke="#c8442b" stroke-width="0.8"/>`,
        );
      }
    }
  }
  parts.push(
    `<rect x="${MARGIN}" y="${top}" width="${plot.width}" height="${plot.height}" fill="none" stroke="#6b7684"/>`,
  );
  text(
    MARGIN,
    top + plot.height + 18,
    'Down: first sequence; right: second. Blue: probability; ring: true pair',
    8,
    'start',
    '#6b7684',
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="DejaVu Sans Mono, monospace"><rect width="100%" height="100%" fill="#ffffff"/>${parts.join('')}</svg>`;
}
