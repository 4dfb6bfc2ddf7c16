/** Files of sequences: FASTA, FASTQ and GenBank. */
import type { TextFormat } from '../../../shared/spec/manifests/text-corpus.ts';
import type { SkippedDocument } from './document.ts';
import type { FastaRecord } from './fasta-header.ts';
import type { ByteSource } from './read-bytes.ts';
import { readFasta } from './read-fasta.ts';
import { readFastq } from './read-fastq.ts';
import { readGenbank } from './read-genbank.ts';

export type SequenceFormat = Extract<TextFormat, 'fasta' | 'fastq' | 'genbank'>;

const readers = { fasta: readFasta, fastq: readFastq, genbank: readGenbank } as const;

export function isSequences(format: TextFormat): format is SequenceFormat {
  return Object.hasOwn(readers, format);
}

/**
 * @param pattern where labels stand in headers; after `label=` without it
 * @throws SkipFile
 */
export function readSequences(
  source: ByteSource,
  format: SequenceFormat,
  pattern?: RegExp,
): AsyncGenerator<(FastaRecord | SkippedDocument)[]> {
  return readers[format](source, pattern);
}
