/**
 * Whether a network that finds the other passage of a document has learnt more than to count shared words, which needs no
 * network; and whether its embeddings have collapsed.
 */
import { LabError } from '../../../shared/errors.ts';
import { collapseFindings, gatherRows, outputRows } from '../images/embedding-audit.ts';
import type { Feeds, Inspection, InspectionReport } from '../task.ts';

export async function inspectPassages({
  sampler,
  batchSize,
  run,
  signal,
}: Inspection<unknown>): Promise<InspectionReport> {
  const split = sampler.evaluationBatchCount('test', batchSize) > 0 ? 'test' : 'validation';
  const embeddings: Float32Array[] = [];
  const batches: TermCounts[][] = [];
  let [found, rows, candidates] = [0, 0, 0];
  for (let index = 0; index < sampler.evaluationBatchCount(split, batchSize); index += 1) {
    if (signal.aborted) throw new LabError('aborted', 'the audit was stopped');
    const feeds = sampler.evaluationBatch(split, index, batchSize);
    const outputs = await run(feeds);
    const used = feeds.weights?.filter((weight) => weight !== 0).length ?? 0;
    for (let row = 0; row < used; row += 1) found += Number(outputs.predictions?.data[row] === (row ^ 1));
    rows += used;
    candidates += used * (used - 1);
    embeddings.push(outputRows(outputs, 'embeddings', used));
    batches.push(Array.from({ length: used }, (_, row) => termCounts(feeds, row, batchSize)));
  }
  if (rows === 0) return { findings: [], pictures: [] };
  const chance = rows / candidates;
  const byWords = foundByWords(batches) / rows;
  const network = found / rows;
  return {
    findings: [
      {
        name: 'other passage found, network',
        summary: `Share of ${rows} held-out passages whose other passage the network finds in its batch`,
        value: network,
        reference: chance,
      },
      {
        name: 'other passage found, shared words',
        summary: 'The same share, by the TF-IDF cosine of the tokens',
        value: byWords,
        reference: chance,
        ...(byWords >= network && {
          warning:
            'shared words find the other passage as often as the network does: it may have learnt to compare words and no more; train longer, or on longer documents',
        }),
      },
      ...collapseFindings('embeddings', gatherRows(embeddings, rows), 'passages'),
    ],
    pictures: [],
  };
}

type TermCounts = ReadonlyMap<number, number>;

/** How often each token is in a row, as it was before masking; special tokens at both ends do not count. */
function termCounts(feeds: Feeds, row: number, batchSize: number): TermCounts {
  const part = (name: string): Int32Array | Float32Array => {
    const data = feeds[name];
    if (!data || data instanceof Uint8Array) throw new LabError('internal', `the batch has no '${name}'`);
    const size = data.length / batchSize;
    return data.subarray(row * size, (row + 1) * size);
  };
  const real = part('mask');
  const tokens = Int32Array.from(part('tokens'));
  const [labels, weights] = [part('maskedLabels'), part('maskedWeights')];
  part('maskedPositions').forEach((position, place) => {
    if (weights[place] === 1) tokens[position] = labels[place]!;
  });
  const end = real.lastIndexOf(1);
  const counts = new Map<number, number>();
  for (const token of tokens.subarray(1, end)) counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
}

/** How many passages have the highest TF-IDF cosine with the other passage of their document. */
function foundByWords(batches: readonly (readonly TermCounts[])[]): number {
  const documents = batches.flat();
  const frequency = new Map<number, number>();
  for (const counts of documents) {
    for (const token of counts.keys()) frequency.set(token, (frequency.get(token) ?? 0) + 1);
  }
  let found = 0;
  for (const batch of batches) {
    const vectors = batch.map((counts) => {
      const values = [...counts].map(
        ([token, count]) => [token, count * Math.log((1 + documents.length) / (1 + frequency.get(token)!))] as const,
      );
      const length = Math.hypot(...values.map(([, value]) => value)) || 1;
      return new Map(values.map(([token, value]) => [token, value / length]));
    });
    vectors.forEach((vector, row) => {
      const cosines = vectors.map((other, column) => (column === row ? -1 : dot(vector, other)));
      if (cosines.indexOf(Math.max(...cosines)) === (row ^ 1)) found += 1;
    });
  }
  return found;
}

function dot(left: ReadonlyMap<number, number>, right: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [token, value] of left) sum += value * (right.get(token) ?? 0);
  return sum;
}
