/** What a backbone makes of examples: a vector for each, projected onto a plane. */
import type { z } from 'zod';
import type { Item } from '../../shared/contract/common.ts';
import type { Embeddings, demosContract } from '../../shared/contract/demos.ts';
import type { MaterialItem } from '../../shared/contract/materials.ts';
import { LabError } from '../../shared/errors.ts';
import { inPortions, openEmbeddedExamples } from '../runs/dataset-questions.ts';
import type { Embedder } from '../runs/embedder.ts';
import { openEmbedder } from '../runs/embedder.ts';
import type { TrainedNetwork } from '../runs/trained-network.ts';
import { findTrainedNetwork } from '../runs/trained-network.ts';
import type { Feeds } from '../tasks/index.ts';
import type { Material } from '../workspace/catalogue.ts';
import { listMaterials, materialGroups } from '../workspace/catalogue.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { openBrowser } from './browse.ts';
import { principalComponents } from './principal-components.ts';
import { projectNeighbours } from './project-neighbours.ts';
import type { RunData } from './validation-examples.ts';
import { describeExample, exampleCount, openRunData } from './validation-examples.ts';
import type { WorkContext } from './work-context.ts';

type Input = z.output<(typeof demosContract)['embeddings']['input']>;
type Point = Embeddings['points'][number];
type About = Omit<Point, 'x' | 'y'>;

/** Components that neighbours are looked for in: more only hold noise. */
const components = 50;
const batchSize = 32;
/** Longer side of pictures, in pixels: thumbnails, and what is shown of a chosen one. */
const pictureSize = 64;
/** Characters of a text that a page shows of an example. */
const shownCharacters = 600;

/**
 * Examples of any corpus or dataset, evenly spread over it; without one, those of the run's own validation and test split, which it has
 * not been trained on.
 *
 * Throws `LabError('bad-input')` for data of another kind than the network reads, for a model without data, and for fewer than three
 * examples; `LabError('aborted')`.
 */
export async function embedExamples(
  context: WorkContext,
  { run: reference, checkpoint, data, count, method }: Input,
): Promise<Embeddings> {
  const network = await findTrainedNetwork(context.workspace, reference, { checkpoint });
  await using embedder = await openEmbedder(network, batchSize);
  const material = data === undefined ? undefined : await findData(context.workspace, data);
  const { examples, classes } = material
    ? await embedMaterial(context, network, embedder, material, count)
    : await embedHeldOut(context, network, embedder, count);
  const vectors = examples.map(({ vector }) => vector);
  if (vectors.length < 3) {
    const which = data === undefined ? 'The validation and test splits of this run have' : `${data} has`;
    throw new LabError('bad-input', `${which} too few examples for a projection`);
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
    data: material?.name ?? null,
    method,
    points: examples.map(({ about }, index) => ({ x: plane[index]?.[0] ?? 0, y: plane[index]?.[1] ?? 0, ...about })),
    classes: [...classes],
    explained: method === 'umap' ? null : explained.reduce((sum, share) => sum + share, 0),
    features: embedder.features,
  };
}

interface Embedded {
  readonly vector: Float32Array;
  readonly about: About;
}

interface EmbeddedSet {
  readonly examples: readonly Embedded[];
  readonly classes: readonly string[];
}

async function embedMaterial(
  context: WorkContext,
  network: TrainedNetwork,
  embedder: Embedder,
  material: Material,
  count: number,
): Promise<EmbeddedSet> {
  using stored = openEmbeddedExamples(network, material);
  const group = material.kind.endsWith('-corpus') ? 'corpus' : 'dataset';
  const browser = await openBrowser(context.workspace, { group, name: material.name });
  try {
    const asked = Math.min(count, stored.size);
    const indices = Array.from({ length: asked }, (_, place) => Math.floor((place * stored.size) / asked));
    const examples = await inPortions(indices, portionsOf(context, asked), async (index): Promise<Embedded> => {
      const vector = embedder.embed(stored.feedsOf(index));
      const item = await browser.item(index, pictureSize);
      return {
        vector: await vector,
        about: { label: item.label, side: null, index, item: shownItem(item) },
      };
    });
    return { examples, classes: stored.labelled?.classes ?? [] };
  } finally {
    browser.close();
  }
}

function shownItem({ text, textPair, picture, index }: MaterialItem): Item {
  if (picture) return { kind: 'image', picture };
  const texts = [text, textPair].filter((one) => one !== null).join(' | ');
  return { kind: 'text', text: texts === '' ? `example ${index + 1}` : texts.slice(0, shownCharacters) };
}

async function embedHeldOut(
  context: WorkContext,
  { run, id }: TrainedNetwork,
  embedder: Embedder,
  count: number,
): Promise<EmbeddedSet> {
  if (!run) throw new LabError('bad-input', `The model ${id} has no data of its own: name a dataset or corpus`);
  using data = await openRunData(context.workspace, run);
  const places = heldOut(data, count);
  const examples = await inPortions(
    places,
    portionsOf(context, places.length),
    async ({ side, index }): Promise<Embedded> => {
      const feeds = data.prepared.sampler.evaluationBatch(side, index, 1);
      const vector = embedder.embed(feeds);
      const items = await describeExample(data, feeds);
      const item = embeddedItem(items) ?? { kind: 'text' as const, text: `${side} example ${index}` };
      return { vector: await vector, about: { label: labelOf(data, feeds), side, index: null, item } };
    },
  );
  return { examples, classes: data.prepared.model.facts.classes ?? [] };
}

function heldOut(
  data: RunData,
  count: number,
): readonly { readonly side: 'validation' | 'test'; readonly index: number }[] {
  const of = (side: 'validation' | 'test') =>
    Array.from({ length: exampleCount(data, side) }, (_, index) => ({ side, index }));
  return [...of('validation'), ...of('test')].slice(0, count);
}

/** Cancels and tells how far it is. */
function portionsOf({ signal, progress }: WorkContext, total: number): Parameters<typeof inPortions>[1] {
  return {
    signal,
    onDone(done) {
      progress({ phase: 'Embedding', done, total, unit: 'examples', skipped: 0 });
    },
  };
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

async function findData(workspace: Workspace, data: string): Promise<Material> {
  const all = await Promise.all(materialGroups.map((group) => listMaterials(workspace, group)));
  const materials = all.flatMap((one) => one.materials);
  const found = materials.find(({ name }) => name === data);
  if (found) return found;
  const names = materials.map(({ name }) => name).join(', ');
  throw new LabError(
    'not-found',
    `There is no corpus or dataset called '${data}'. There is: ${names === '' ? 'nothing yet' : names}`,
  );
}
