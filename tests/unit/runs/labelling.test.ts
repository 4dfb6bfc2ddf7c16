// What to label next: how unsure an answer is, which examples are not alike, and what a trained classifier proposes of a dataset.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTextDataset } from '../../../src/main/data/text/dataset.ts';
import { editDataset, handLabelled } from '../../../src/main/data/editing/edit-dataset.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import type { ProposalOptions } from '../../../src/main/runs/labelling/propose-next.ts';
import { proposeNext } from '../../../src/main/runs/labelling/propose-next.ts';
import { chooseDiverse, uncertaintyOf } from '../../../src/main/runs/labelling/uncertainty.ts';
import { openNetworkPredictor } from '../../../src/main/runs/predict.ts';
import { readAnsweredSplit } from '../../../src/main/runs/answers-file.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { findTrainedNetwork } from '../../../src/main/runs/trained-network.ts';
import type { Material } from '../../../src/main/workspace/catalogue.ts';
import { findMaterial } from '../../../src/main/workspace/catalogue.ts';
import { predictionTableOf } from '../../../src/main/work/prediction-table.ts';
import { findRun } from '../../../src/main/workspace/runs.ts';
import { randomStream } from '../../../src/shared/random.ts';
import { pretextInProcess } from '../../cli/in-process.ts';
import { animalsExperiment, createStudyWorkspace } from '../../tiny-study.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';

describe('uncertainty', () => {
  it('is 0 for a sure answer and 1 where all classes are as likely, by entropy', () => {
    expect(uncertaintyOf([1, 0, 0], 'entropy')).toBe(0);
    expect(uncertaintyOf([0.25, 0.25, 0.25, 0.25], 'entropy')).toBeCloseTo(1, 12);
    // −(½ ln ½ + 2 · ¼ ln ¼) ÷ ln 3 = 1.5 ln 2 ÷ ln 3
    expect(uncertaintyOf([0.5, 0.25, 0.25], 'entropy')).toBeCloseTo((1.5 * Math.LN2) / Math.log(3), 12);
  });

  it('looks at the two likeliest alone, by margin', () => {
    expect(uncertaintyOf([0.1, 0.5, 0.4], 'margin')).toBeCloseTo(0.9, 12);
    expect(uncertaintyOf([0, 1], 'margin')).toBe(0);
  });
});

describe('a diverse choice', () => {
  /** As the definition says it: the farthest from its nearest centre, computed anew for every choice. */
  function slowly(vectors: readonly Float32Array[], count: number, anchors: readonly Float32Array[]): number[] {
    const cosine = (a: Float32Array, b: Float32Array): number => {
      const norm = (v: Float32Array): number => Math.hypot(...v);
      return a.reduce((sum, value, index) => sum + value * b[index]!, 0) / (norm(a) * norm(b));
    };
    const chosen: number[] = [];
    while (chosen.length < count) {
      const centres = [...anchors, ...chosen.map((place) => vectors[place]!)];
      const farness = vectors.map((vector, place) =>
        chosen.includes(place) ? -1 : Math.min(...centres.map((centre) => 1 - cosine(vector, centre))),
      );
      chosen.push(farness.indexOf(Math.max(...farness)));
    }
    return chosen;
  }

  it('takes what is farthest from all that was chosen and known before', () => {
    const stream = randomStream(3, 1);
    const draw = (): Float32Array => Float32Array.from({ length: 5 }, () => stream.normal());
    const vectors = Array.from({ length: 40 }, draw);
    const anchors = Array.from({ length: 4 }, draw);
    expect(chooseDiverse(vectors, 12, anchors)).toEqual(slowly(vectors, 12, anchors));
  });

  it('begins with the first, does not take one twice, and leaves copies to the end', () => {
    const [a, b] = [Float32Array.of(1, 0), Float32Array.of(0, 2)];
    expect(chooseDiverse([a, a, b], 2)).toEqual([0, 2]);
    expect(chooseDiverse([a, a, b], 9)).toEqual([0, 2, 1]);
    expect(chooseDiverse([], 3)).toEqual([]);
  });
});

describe('what a classifier proposes', () => {
  let tiny: TinyWorkspace;
  let run: string;
  let material: Material;
  const options: ProposalOptions = {
    count: 6,
    measure: 'entropy',
    consider: 1000,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  };

  beforeAll(async () => {
    tiny = await createStudyWorkspace();
    const text = `${animalsExperiment}\n  name: classifier\n  from: {run: tiny-words}`;
    const created = await createRun(tiny.workspace, parseExperiment(parseSpecText(text, 'classifier.yaml')));
    await trainRun(tiny.workspace, created, { signal: options.signal, prefetch: false });
    run = created.id;
    material = await findMaterial(tiny.workspace, 'dataset', 'animals');
  });
  afterAll(() => tiny.remove());

  const network = (reference: string) => findTrainedNetwork(tiny.workspace, reference);

  it('are examples with the answers that the network gives, out of the least sure', async () => {
    const { proposals, candidates, considered } = await proposeNext(await network(run), material, options);
    const dataset = openTextDataset(material.folder);
    await using predictor = await openNetworkPredictor(await network(run));
    const all = await Promise.all(
      Array.from({ length: dataset.size }, async (_, index) => {
        const [answer] = await predictor.ask({ text: dataset.text(index), top: 2 });
        return uncertaintyOf(answer?.choices.map(({ probability }) => probability) ?? [], 'entropy');
      }),
    );
    dataset.close();
    expect([candidates, considered]).toEqual([all.length, all.length]);
    expect(new Set(proposals.map(({ index }) => index)).size).toBe(6);
    for (const { index, uncertainty } of proposals) expect(uncertainty).toBeCloseTo(all[index]!, 4);
    const pool = [...all].sort((a, b) => b - a).slice(0, 60);
    expect(Math.min(...proposals.map(({ uncertainty }) => uncertainty))).toBeGreaterThan(pool.at(-1)! - 1e-4);
    expect(proposals[0]?.uncertainty).toBeCloseTo(pool[0]!, 4);
  });

  it('leave out what was labelled by hand or passed over, also where nothing changed by it, and keep to a class', async () => {
    const [first, second] = (await proposeNext(await network(run), material, options)).proposals;
    const dataset = openTextDataset(material.folder);
    const label = dataset.classes[dataset.label(first!.index)]!;
    dataset.close();
    const before = material.contentHash;
    const edited = await editDataset(material.folder, material.kind, [
      { type: 'relabel', examples: [first!.index], to: label },
    ]);
    expect(edited.contentHash).toBe(before);
    expect(await handLabelled(material.folder, material.kind)).toEqual([first!.index]);
    const found = await proposeNext(await network(run), material, { ...options, except: [second!.index], count: 1000 });
    const indices = found.proposals.map(({ index }) => index);
    expect(indices).toHaveLength(found.candidates);
    expect(indices).not.toContain(first!.index);
    expect(indices).not.toContain(second!.index);
    const ofClass = await proposeNext(await network(run), material, { ...options, label, count: 1000 });
    const opened = openTextDataset(material.folder);
    expect(new Set(ofClass.proposals.map(({ index }) => opened.classes[opened.label(index)]))).toEqual(
      new Set([label]),
    );
    opened.close();
  });

  it('are listed by a command, with what they are and how unsure the answer is', async () => {
    const command = ['--workspace', tiny.workspace.folder, 'dataset', 'next', 'animals', '--run', run, '--count', '4'];
    const { code, out, err } = await pretextInProcess(...command);
    expect(code).toBe(0);
    expect(out).toMatch(/example +class +answer/);
    expect(out.trim().split('\n').length).toBeGreaterThanOrEqual(5);
    expect(err).toMatch(/pretext dataset edit animals --relabel/);
    const told = await pretextInProcess('--json', ...command, '--measure', 'margin', '--class', 'animal');
    const { examples } = JSON.parse(told.out) as { examples: { index: number; label: string; text: string }[] };
    expect(examples.map(({ label }) => label)).toEqual(['animal', 'animal', 'animal', 'animal']);
    expect(told.out).not.toContain('data:image');
    const refused = await pretextInProcess(...command, '--class', 'none');
    expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/no class 'none'.*animal, other/)]);
  });

  it('can be the examples that a run had wrong, by what it kept of them', async () => {
    const folder = await findRun(tiny.workspace, run);
    const kept = await readAnsweredSplit(folder.answers);
    const dataset = openTextDataset(material.folder);
    const labels = Array.from(kept!.examples!.places, (place) => dataset.label(place));
    dataset.close();
    expect(labels).toEqual(Array.from(kept!.answers.labels));
    expect(new Set(kept!.examples!.places).size).toBe(labels.length);
    const context = { workspace: tiny.workspace, signal: options.signal, progress: () => undefined };
    const question = { id: run, classes: ['animal', 'other'], data: 'animals', descending: true, offset: 0 };
    const all = { ...question, sort: 'loss' as const, errorsOnly: false, limit: 500, pictureSize: 32 };
    const { rows, total, errors } = await predictionTableOf(context, all);
    expect([total, rows.length]).toEqual([labels.length, labels.length]);
    const losses = rows.map(({ loss }) => loss ?? NaN);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    expect(rows.every(({ actual, item }) => item?.label === actual)).toBe(true);
    const wrong = await predictionTableOf(context, { ...all, errorsOnly: true });
    expect(wrong.total).toBe(errors);
    expect(wrong.rows).toEqual(rows.filter(({ actual, predicted }) => actual !== predicted));
    // Classes are in the order that they have, not in that of their letters.
    const byClass = await predictionTableOf(context, {
      ...all,
      classes: ['9', '10'],
      sort: 'actual',
      descending: false,
    });
    const sorted = [...labels].sort((a, b) => a - b);
    expect(byClass.rows.map(({ actual }) => actual)).toEqual(sorted.map((label) => ['9', '10'][label]));
  });

  it('follow examples whose numbers have changed', async () => {
    const folder = material.folder;
    const dataset = openTextDataset(folder);
    const places = Array.from({ length: dataset.size }, (_, index) => index);
    const [kept, gone] = ['animal', 'other'].map((name) =>
      places.filter((index) => dataset.classes[dataset.label(index)] === name),
    );
    dataset.close();
    await editDataset(folder, material.kind, [
      { type: 'relabel', examples: [kept!.at(-1)!, gone![0]!], to: 'kept' },
      { type: 'drop', classes: ['other'] },
    ]);
    const left = openTextDataset(folder);
    const byHand = await handLabelled(folder, material.kind);
    expect(byHand.filter((index) => left.classes[left.label(index)] === 'kept')).toHaveLength(2);
    left.close();
  });

  it('need a classifier, and a class that is there', async () => {
    await expect(proposeNext(await network('tiny-words'), material, options)).rejects.toMatchObject({
      code: 'bad-input',
    });
    await expect(proposeNext(await network(run), material, { ...options, label: 'none' })).rejects.toThrow(
      /no class 'none'/,
    );
  });
});
