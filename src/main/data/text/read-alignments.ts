/** Pairs of related sequences out of aligned FASTA: a record and the one after it are the two rows of a pair. */
import { quoted } from '../../../shared/excerpt.ts';
import type { SkippedDocument } from '../reading/document.ts';
import type { FastaRecord } from '../reading/fasta-header.ts';
import type { Example } from './example-writer.ts';
import { alignedPair, type AlignedPair } from './aligned-pair.ts';

type ExampleOrSkipped = Example | SkippedDocument;

export async function* readAlignedRecords(
  batches: AsyncIterable<readonly (FastaRecord | SkippedDocument)[]>,
): AsyncGenerator<ExampleOrSkipped[]> {
  let waiting: FastaRecord | SkippedDocument | undefined;
  let last: FastaRecord | SkippedDocument | undefined;
  for await (const records of batches) {
    const found: ExampleOrSkipped[] = [];
    for (const record of records) {
      // What is left of a record that came in parts.
      const goesOn: boolean = 'isPart' in record && record.isPart && record.line === last?.line;
      last = record;
      if (goesOn) continue;
      if (waiting === undefined) waiting = record;
      else {
        found.push(...readPair(waiting, record));
        waiting = undefined;
      }
    }
    yield found;
  }
  if (waiting === undefined) return;
  const name = 'reason' in waiting ? 'the last record' : `the sequence ${quoted(waiting.name)}`;
  const message = `${name} has no partner: the file has an odd number of records, and each pair is two, one after the other`;
  yield [{ line: waiting.line, reason: 'malformed', message }];
}

function readPair(first: FastaRecord | SkippedDocument, second: FastaRecord | SkippedDocument): ExampleOrSkipped[] {
  const unusable = [first, second].filter((one) => 'reason' in one);
  if ('reason' in first || 'reason' in second) {
    return unusable.map((one) => ({ ...one, message: `${one.message}; its pair is left out` }));
  }
  const { line } = first;
  if (first.isPart || second.isPart) {
    const message = `the pair of ${quoted(first.name)} and ${quoted(second.name)} is too long to be held at once`;
    return [{ line, reason: 'malformed', message }];
  }
  const [one, other] = [first.label ?? '', second.label ?? ''];
  if (one !== '' && other !== '' && one !== other) {
    const message = `the headers of ${quoted(first.name)} and ${quoted(second.name)} say ${quoted(one)} and ${quoted(other)}`;
    return [{ line, reason: 'malformed', message }];
  }
  const pair = alignedPair(first.text, second.text, one === '' ? other : one);
  if ('problem' in pair) {
    const message = `${quoted(first.name)} and ${quoted(second.name)}: ${pair.problem}`;
    return [{ line, reason: 'malformed', message }];
  }
  const families = [first, second].flatMap(({ family }) => (family === null ? [] : [family]));
  return [exampleOf(pair, line, families)];
}

/** An example that stays on one side with all that share a family, or one of its sequences. */
export function exampleOf(
  { first, second, label }: AlignedPair,
  line: number | null,
  families: readonly string[],
): Example {
  return { text: first, pair: second, label, line, groups: families, sequences: [first, second] };
}
