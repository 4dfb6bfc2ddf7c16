/** What a file, a folder or a table holds for a model to answer, one question after the other in bounded memory. */
import type { TextEncoding } from '../../../shared/spec/manifests/text-corpus.ts';
import type { CsvQuote } from '../../data/tables/csv-parser.ts';
import type { PredictionQuery } from '../../tasks/index.ts';

export type Asked = Omit<PredictionQuery, 'top'>;

/** Where a question is from, with what stands beside it. */
export interface Place {
  readonly file: string;
  /** From 1; in Parquet the row, and null where a file is one question. */
  readonly line: number | null;
  /** The columns of the input that are kept. */
  readonly kept: readonly (string | null)[];
}

export interface Question extends Place {
  /** Decodes what has to be decoded. Rejects with a `LabError` that says why the row cannot be used. */
  readonly read: () => Asked | Promise<Asked>;
}

/** A row or a file that cannot be asked about. */
export interface UnreadableQuestion extends Place {
  readonly problem: string;
}

export interface QuestionSource {
  /** Names of the columns of the input that are kept beside the answers. */
  readonly columns: readonly string[];
  /** Whether questions are from several files, and whether they have lines. */
  readonly hasFiles: boolean;
  readonly hasLines: boolean;
  /** What progress is counted in, and how many there are. */
  readonly total: number;
  readonly unit: 'bytes' | 'files' | 'rows';
  /**
   * @param onProgress units that have been read so far
   * @throws LabError `bad-input` for a file that cannot be read at all
   */
  questions(
    signal: AbortSignal,
    onProgress: (done: number) => void,
  ): AsyncIterable<readonly (Question | UnreadableQuestion)[]>;
}

export interface QuestionOptions {
  /** Column with the text; 'text' without it, or the only column. */
  readonly textColumn?: string | undefined;
  readonly pairColumn?: string | undefined;
  /** In files of sequences, a record and the one after it are a pair. */
  readonly hasPairs?: boolean | undefined;
  /** Files of tagged words, such as CoNLL, have a sentence between blank lines, whose words are asked about as they are. */
  readonly hasWords?: boolean | undefined;
  /** Column with the path of each image or recording; 'path' without it. */
  readonly pathColumn?: string | undefined;
  /** Columns to keep; all without it. */
  readonly keep?: readonly string[] | undefined;
  /** Folder that the paths of a table must not leave. */
  readonly root?: string | undefined;
  readonly encoding?: TextEncoding | undefined;
  readonly header?: boolean | undefined;
  readonly quote?: CsvQuote | undefined;
}
