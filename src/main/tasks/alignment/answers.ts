/** What a network answered about the pair of sequences in a batch of one: whether they are related, and how they are aligned. */
import { alignedRows } from '../../data/text/aligned-pair.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import type { AnsweredExample, ExampleAnswer, Feeds } from '../task.ts';
import { tokenTexts } from '../text/vocabulary.ts';
import type { Decoding } from './decoding.ts';
import { readAlignment } from './decoding.ts';
import { AlignmentCounts, fedAlignment, sizesOf } from './evaluation.ts';

/** Of an alignment that is known, the probability is the F1 of its pairs of residues. */
export function alignmentAnswers(
  { outputs, feeds, tokenizer }: AnsweredExample,
  { decoding }: { readonly decoding: Decoding },
): ExampleAnswer[] {
  const { related: truth, weights, columns } = feeds;
  if (!outputs.pairScores || !truth || weights?.[0] === 0) return [];
  const sizes = sizesOf(feeds, 0, 1);
  const { related, alignment } = readAlignment(outputs, 0, sizes, decoding);
  const isRelated = truth[0] === 1;
  const choices = [
    { label: 'related', probability: related },
    { label: 'unrelated', probability: 1 - related },
  ];
  const relation: ExampleAnswer = {
    question: 'related or not',
    kind: 'class',
    choices: choices.sort((a, b) => b.probability - a.probability),
    truth: isRelated ? 'related' : 'unrelated',
  };
  if (!tokenizer || !columns || columns[0] === 0) return [relation];
  const known = fedAlignment(feeds, 0, sizes.rows);
  const [first, second] = sequencesOf(feeds, sizes, tokenizer);
  const written = (aligned: ArrayLike<number>): string => {
    const rows = alignedRows(first, second, aligned);
    return `${rows.first}\n${rows.second}`;
  };
  const counts = new AlignmentCounts();
  counts.add(related, isRelated, alignment, known);
  return [
    relation,
    {
      question: 'alignment',
      kind: 'alignment',
      choices: [{ label: written(alignment), probability: counts.metrics().alignedF1 ?? 0 }],
      truth: written(known),
    },
  ];
}

/** What is not in the vocabulary has one sign, as every residue has. */
function sequencesOf(
  { tokens }: Feeds,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  tokenizer: TextTokenizer,
): [first: string, second: string] {
  const length = (tokens?.length ?? 0) / 2;
  const residues = (sequence: number, count: number): string => {
    const begin = sequence * length + 1; // behind the mark of its begin
    const ids = Array.from(tokens!.subarray(begin, begin + count), Number);
    return tokenTexts(tokenizer, ids)
      .map((text) => (text.length === 1 ? text : '?'))
      .join('');
  };
  return [residues(0, rows), residues(1, columns)];
}
