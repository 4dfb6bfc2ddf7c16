/** Formats of files as people call them. */
import type { TextFormat } from './spec/manifests/text-corpus.ts';

const titles: Readonly<Record<TextFormat, string>> = {
  text: 'text',
  jsonl: 'JSON',
  csv: 'CSV',
  tsv: 'TSV',
  xlsx: 'Excel',
  parquet: 'Parquet',
  arrow: 'Arrow',
  html: 'HTML',
  xml: 'XML',
  notebook: 'notebook',
  email: 'mail',
  subtitles: 'subtitles',
  wikipedia: 'Wikipedia dump',
  fasta: 'FASTA',
  fastq: 'FASTQ (qualities dropped)',
  genbank: 'GenBank',
};

/** Older reports may have names that are gone. */
export function formatTitle(format: string): string {
  return Object.hasOwn(titles, format) ? titles[format as TextFormat] : format; // an own key is one of them
}
