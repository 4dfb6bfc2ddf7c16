/** What a backbone makes of examples: a vector for each, projected onto a plane. */
import type { z } from 'zod';
import type { Item } from '../../shared/contract/common.ts';
import type { Embeddings, demosContract } from '../../shared/contract/demos.ts';
import { LabError } from '../../shared/errors.ts';
import type { Feeds } from '../tasks/index.ts';
import { openEmbedder } from '../runs/embedder.ts';
import { findTrainedNetwork } from '../runs/trained-network.ts';
import { principalComponents } from './principal-components.ts';
import { projectNeighbours } from './project-neighbours.ts';
import type { RunData } from './validation-examples.ts';
import { describeExample, exampleCount, openDataOf } from './validation-examples.ts';
import type { WorkContext } from './work-context.ts';

type Input = z.output<(typeof demosContract)['embeddings']['input']>;
type Point = Embeddings['points'][number];

/** Components that neighbours are looked for in: more only hold noise. */
const components = 50;
const batchSize = 32;
/** Examples between two looks at whether to go on; among so many, texts of similar length are found. */
const togetherAsked = 128;

/** Examples of the validation and the test split, which a run has not been trained on; of data that are named, for a model. */
export async function embedExamples(
  context: WorkContext,
  { run: reference, checkpoint, data: name, count, method }: Input,
): Promise<Embeddings> {
  const network = await findTrainedNetwork(context.workspace, reference, { checkpoint });
  using data = await openDataOf(context.workspace, network, name);
  await using embedder = await openEmbedder({ ...network, backbone: data.prepared.model }, batchSize);
  const vectors: Float32Array[] = [];
  const about: Pick<Point, 'label' | 'side' | 'item'>[] = [];
  const embedAll = async (examples: readonly Example[]): Promise<void> => {
    if (context.signal.aborted) throw new LabError('aborted', 'Cancelled');
    vectors.push(...(await Promise.all(examples.map(({ feeds }) => embedder.embed(feeds)))));
    for (const { side, index, feeds } of examples) {
      const items = await describeExample(data, feeds);
      about.push({
        label: labelOf(data, feeds),
        side,
        item: embeddedItem(items) ?? { kind: 'text', text: `${side} example ${index}` },
      });
    }
    context.progress({ phase: 'Embedding', done: vectors.length, total: count, unit: 'examples', skipped: 0 });
  };
  const examples: Example[] = [];
  for (const example of examplesOf(data, count)) {
    examples.push(example);
    if (examples.length === togetherAsked) await embedAll(examples.splice(0));
  }
  await embedAll(examples);
  if (vectors.length < 3) {
    throw new LabError(
      'bad-input',
      'The validation and test splits of this run have too few examples for a projection',
    );
  }
  const { coordinates, explained } = principalComponents(vectors, method === 'umap' ? components : 2);
  const plane =
    method === 'umap'
      ? await projectNeighbours(coordinates, context.signal, (done, total) => {
          context.progress({ phase: 'Projecting', done, total, unit: 'epochs', skipped: 0 });
        })
      : coordinates;
  return {
    run: network.id,
    step: embedder.step,
    method,
    points: about.map((one, index) => ({ x: plane[index]?.[0] ?? 0, y: plane[index]?.[1] ?? 0, ...one })),
    classes: [...(data.prepared.model.facts.classes ?? [])],
    explained: method === 'umap' ? null : explained.reduce((sum, share) => sum + share, 0),
    features: vectors[0]?.length ?? 0,
  };
}

interface Example {
  readonly side: 'validation' | 'test';
  readonly index: number;
  /** A batch of one. */
  readonly feeds: Feeds;
}

function* examplesOf(data: RunData, count: number): Generator<Example> {
  const totals = { validation: exampleCount(data, 'validation'), test: exampleCount(data, 'test') };
  let left = count;
  for (const side of ['validation', 'test'] as const) {
    for (let index = 0; index < totals[side] && left > 0; index++, left--) {
      yield { side, index, feeds: data.prepared.sampler.evaluationBatch(side, index, 1) };
    }
  }
}

/** What the vector is of: all texts of an example, which are read as one, but the first of its pictures, which are twins. */
export function embeddedItem(items: readonly Item[]): Item | undefined {
  const texts = items.flatMap((item) => (item.kind === 'text' ? [item.text] : []));
  return texts.length > 1 ? { kind: 'text', text: texts.join(' | ') } : items[0];
}

function labelOf({ prepared }: RunData, { labels, weights }: Feeds): string | null {
  const { classes } = prepared.model.facts;
  if (!classes || !labels || weights?.[0] === 0) return null;
  return classes[Number(labels[0])] ?? null;
}
