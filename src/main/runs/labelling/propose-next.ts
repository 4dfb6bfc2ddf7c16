/**
 * Which examples of a dataset to look at next: those that a classifier is least sure of and that are not alike. A pool of the least
 * sure ones is thinned out by their embeddings, with the examples that a person has labelled as what is known already.
 */
import { LabError } from '../../../shared/errors.ts';
import { handLabelled } from '../../data/editing/edit-dataset.ts';
import { demoFormOf } from '../../tasks/demo-form.ts';
import type { Material } from '../../workspace/catalogue.ts';
import type { DatasetQuestions } from '../dataset-questions.ts';
import { inPortions, openDatasetQuestions, openEmbeddedExamples } from '../dataset-questions.ts';
import { openEmbedder } from '../embedder.ts';
import { openNetworkPredictor } from '../predict.ts';
import type { TrainedNetwork } from '../trained-network.ts';
import type { UncertaintyMeasure } from './uncertainty.ts';
import { chooseDiverse, uncertaintyOf } from './uncertainty.ts';

export interface ProposalOptions {
  readonly count: number;
  readonly measure: UncertaintyMeasure;
  /** Examples of this class alone. */
  readonly label?: string | undefined;
  /** Examples that are not wanted, such as those that a person has passed over. */
  readonly except?: readonly number[];
  /** So many are asked about at most, evenly spread over the dataset. */
  readonly consider: number;
  readonly signal: AbortSignal;
  readonly onProgress: (phase: string, done: number, total: number) => void;
}

export interface Proposal {
  readonly index: number;
  /** 0: sure, 1: not sure at all. */
  readonly uncertainty: number;
  /** Likeliest first. */
  readonly choices: readonly { readonly label: string; readonly probability: number }[];
}

export interface Proposals {
  readonly step: number;
  /** Examples that were asked about, and those that could have been. */
  readonly considered: number;
  readonly candidates: number;
  readonly proposals: readonly Proposal[];
}

const batchSize = 32;
/** The pool that is thinned out has so many times what is wanted. */
const poolFactor = 10;
/** Labelled examples that count as known; of more, the last ones. */
const mostAnchors = 200;

/**
 * @param material a dataset with classes
 *
 * Throws `LabError('bad-input')` for a network that is no classifier or reads something else, for a class that is not there, and where
 * nothing is left to label; `LabError('aborted')`.
 */
export async function proposeNext(
  network: TrainedNetwork,
  material: Material,
  options: ProposalOptions,
): Promise<Proposals> {
  const facts = requireClassifier(network);
  using questions = openDatasetQuestions(material, facts, network.what);
  const labelled = await handLabelled(material.folder, material.kind);
  const candidates = candidatesIn(questions, material.name, labelled, options);
  const asked = evenlySpread(candidates, options.consider);
  const { step, proposals } = await ask(network, questions, asked, options);
  proposals.sort((a, b) => b.uncertainty - a.uncertainty || a.index - b.index);
  const pool = proposals.slice(0, options.count * poolFactor);
  const anchors = labelled.slice(-mostAnchors);
  const vectors = await embed(network, material, [...pool.map(({ index }) => index), ...anchors], options);
  const chosen = chooseDiverse(vectors.slice(0, pool.length), options.count, vectors.slice(pool.length));
  return {
    step,
    considered: asked.length,
    candidates: candidates.length,
    proposals: chosen.map((place) => pool[place]!),
  };
}

function requireClassifier(network: TrainedNetwork): TrainedNetwork['backbone']['facts'] {
  const { task, facts } = network.whole();
  if (facts.classes && demoFormOf(task, facts.input.kind).startsWith('classify-')) return facts;
  throw new LabError(
    'bad-input',
    `The ${network.what} does not predict classes: its task is ${task.type}. Choose a run that was fine-tuned to classify`,
  );
}

function candidatesIn(
  { size, labelled }: DatasetQuestions,
  name: string,
  known: readonly number[],
  { label, except = [] }: ProposalOptions,
): number[] {
  const unwanted = new Set([...known, ...except]);
  const place = label === undefined ? undefined : (labelled?.classes.indexOf(label) ?? -1);
  if (place === -1) {
    const names = labelled?.classes.join(', ') ?? 'none';
    throw new LabError('bad-input', `${name} has no class '${label ?? ''}'. There is: ${names}`);
  }
  const found: number[] = [];
  for (let index = 0; index < size; index++) {
    if (unwanted.has(index) || (place !== undefined && labelled?.labels[index] !== place)) continue;
    found.push(index);
  }
  if (found.length > 0) return found;
  const which = label === undefined ? name : `the class '${label}' of ${name}`;
  throw new LabError('bad-input', `Every example of ${which} has been labelled by hand or passed over`);
}

function evenlySpread(indices: readonly number[], most: number): readonly number[] {
  if (indices.length <= most) return indices;
  return Array.from({ length: most }, (_, place) => indices[Math.floor((place * indices.length) / most)]!);
}

async function ask(
  network: TrainedNetwork,
  questions: DatasetQuestions,
  indices: readonly number[],
  { measure, signal, onProgress }: ProposalOptions,
): Promise<{ readonly step: number; readonly proposals: Proposal[] }> {
  await using predictor = await openNetworkPredictor(network, batchSize);
  const top = predictor.facts.classes?.length ?? 1;
  const onDone = (done: number): void => {
    onProgress('Answering', done, indices.length);
  };
  const proposals = await inPortions(indices, { signal, onDone }, async (index) => {
    const [answer] = await predictor.ask({ ...questions.ask(index), top });
    const choices = answer?.choices ?? [];
    const probabilities = choices.map(({ probability }) => probability);
    return {
      index,
      uncertainty: uncertaintyOf(probabilities, measure),
      choices: choices.map(({ label, probability }) => ({ label, probability })),
    };
  });
  return { step: predictor.step, proposals };
}

async function embed(
  network: TrainedNetwork,
  material: Material,
  indices: readonly number[],
  { signal, onProgress }: ProposalOptions,
): Promise<Float32Array[]> {
  using examples = openEmbeddedExamples(network, material);
  await using embedder = await openEmbedder(network, batchSize);
  const onDone = (done: number): void => {
    onProgress('Embedding', done, indices.length);
  };
  return await inPortions(indices, { signal, onDone }, (index) => embedder.embed(examples.feedsOf(index)));
}
