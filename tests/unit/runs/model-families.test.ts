/**
 * A small random model of every family from its import to its use, in one workspace: it is imported, fine-tuned with gradients that move
 * its own weights, probed on frozen features, asked, and embeds examples. What it computes is compared with its own library elsewhere.
 */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../src/main/formats/safetensors.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { importModel, previewModel } from '../../../src/main/runs/import-model.ts';
import { openNetworkPredictor, openPredictor } from '../../../src/main/runs/predict.ts';
import { probeNetwork } from '../../../src/main/runs/probe.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { trainRun } from '../../../src/main/runs/train-run.ts';
import { findTrainedNetwork } from '../../../src/main/runs/trained-network.ts';
import { embedExamples } from '../../../src/main/work/embeddings.ts';
import { findModel } from '../../../src/main/workspace/models.ts';
import { readRun } from '../../../src/main/workspace/runs.ts';
import { runFolder } from '../../../src/main/workspace/run-folder.ts';
import type { PipelineInput } from '../../../src/main/nn/index.ts';
import type { FamilyModel } from '../../family-models.ts';
import { createFamilyWorkspace, familyModels, nameOf, sourceOf } from '../../family-models.ts';
import type { TinyImageWorkspace } from '../../tiny-images.ts';

const quiet = { signal: new AbortController().signal };
let tiny: TinyImageWorkspace;

beforeAll(async () => {
  tiny = await createFamilyWorkspace();
});
afterAll(() => tiny.remove());

function question(input: PipelineInput) {
  if (input.kind !== 'image') return { text: 'the cat sees a river .' };
  const { height, width, channels } = input;
  return { image: { height, width, channels, pixels: new Uint8Array(height * width * channels).fill(90) } };
}

async function train(name: string, reads: FamilyModel['reads'], more: string) {
  const task = reads === 'text' ? 'text-classification, length: 12' : 'image-classification';
  const text = `
name: ${name}-${more.length}
task: {type: ${task}, validationFraction: 0.2, testFraction: 0.2}
data: ${reads === 'text' ? 'rows' : 'colours'}
from: {model: ${name}}
training: {steps: 2, batchSize: 4, learningRate: 1e-2, evaluateEvery: 2}
evaluation: {baselines: false, inspect: false, batchSize: 4}
engine: {threads: 1}
${more}`;
  const run = await createRun(tiny.workspace, parseExperiment(parseSpecText(text, 'spec.yaml')));
  await trainRun(tiny.workspace, run, quiet);
  return readRun(runFolder(run.folder));
}

describe.each(familyModels)('$file', (row) => {
  const { family, settings = {}, reads, head } = row;
  const name = nameOf(row);

  it('is imported, with the head that it came with', async () => {
    await importModel(tiny.workspace, name, sourceOf(row, tiny.folder), { ...quiet, settings });
    const { manifest, tokenizer } = await findModel(tiny.workspace, name);
    expect(manifest.family).toBe(family);
    expect(manifest.heads.map(({ task }) => task)).toEqual(head === undefined ? [] : expect.arrayContaining([head]));
    expect(tokenizer !== undefined).toBe(reads === 'text');
  });

  it('is fine-tuned with gradients in its own weights, and asked then', async () => {
    const { folder, transfer, result } = await train(name, reads, '');
    expect(transfer!.matched.length).toBeGreaterThan(0);
    expect(transfer!.mismatched).toEqual([]);
    expect(result?.test?.metrics.accuracy).toBeGreaterThanOrEqual(0);
    const { tensors: before } = await readSafetensors((await findModel(tiny.workspace, name)).weights);
    const last = path.join(runFolder(folder).checkpoints, 'step-2', 'model.safetensors');
    const { tensors: after } = await readSafetensors(last);
    const moved = transfer!.matched.filter(({ name: one }) => {
      if (/pixels|(?:mean|variance)$/u.test(one)) return false; // statistics move without gradients
      const [old, now] = [before.get(one)!.data, after.get(one)!.data];
      return old.slice(0, now.length).some((value, index) => value !== now[index]);
    });
    expect(moved.length).toBeGreaterThan(0);
    await using predictor = await openPredictor(runFolder(folder));
    const [answer] = await predictor.ask({ ...question(predictor.facts.input), top: 2 });
    expect(answer!.choices.map(({ probability }) => probability).every((value) => value > 0)).toBe(true);
  });

  it('is probed: on frozen features, and stage by stage', async () => {
    const { result } = await train(name, reads, 'method: frozen-features');
    expect(result?.test?.metrics.accuracy).toBeGreaterThanOrEqual(0);
    const network = await findTrainedNetwork(tiny.workspace, `model:${name}`);
    const data = reads === 'text' ? 'rows' : 'colours';
    const probed = await probeNetwork(tiny.workspace, network, { data, ...quiet });
    const stages = probed.trained.stages.map(({ stage }) => stage);
    expect(probed.untrained.stages.map(({ stage }) => stage)).toEqual(stages);
    expect(stages.length).toBeGreaterThan(1);
    // Of a network that is one block, layers inside are stages.
    if (family === 'onnx') expect(stages.filter((stage) => stage.startsWith('network/')).length).toBeGreaterThan(0);
  });

  it('makes vectors of examples', async () => {
    const data = reads === 'text' ? 'rows' : 'colours';
    const found = await embedExamples(
      { workspace: tiny.workspace, ...quiet, progress: () => undefined },
      { run: `model:${name}`, checkpoint: 'best', data, count: 12, method: 'principal-components' },
    );
    expect(found.points).toHaveLength(12);
    expect(new Set(found.points.map(({ x }) => x)).size).toBeGreaterThan(1);
  });

  it.skipIf(head === undefined)('answers with the head that came along', async () => {
    await using predictor = await openNetworkPredictor(
      await findTrainedNetwork(tiny.workspace, `model:${name}`, { head }),
    );
    const text = head === 'masked-words' ? { text: 'the [MASK] sees a river .' } : undefined;
    const [answer] = await predictor.ask({ ...(text ?? question(predictor.facts.input)), top: 3 });
    expect(answer!.choices).toHaveLength(3);
  });
});

describe('an ONNX network whose layer is chosen', () => {
  it('is trained up to there, and no further', async () => {
    const file = path.resolve(import.meta.dirname, '../../fixtures/onnx/convolutional-17.onnx');
    const { model } = await previewModel(file);
    const options = model.pipeline.blocks.find(({ id }) => id === 'network')!.options;
    await importModel(tiny.workspace, 'whole', file, quiet);
    const network = await findTrainedNetwork(tiny.workspace, 'model:whole');
    const { trained } = await probeNetwork(tiny.workspace, network, { data: 'colours', ...quiet });
    const inner = trained.stages.map(({ stage }) => stage).find((stage) => stage.startsWith('network/'))!;
    const layer = inner.slice('network/'.length);
    expect(layer).not.toBe(options.layer);
    await importModel(tiny.workspace, 'part', file, { ...quiet, settings: { layer } });
    const [whole, part] = await Promise.all(['whole', 'part'].map((name) => findModel(tiny.workspace, name)));
    expect(part!.manifest.parameters).toBeLessThan(whole!.manifest.parameters);
    const { result, transfer } = await train('part', 'image', '');
    expect(transfer!.fresh.every(({ name }) => name.startsWith('head/'))).toBe(true);
    expect(result?.test?.metrics.accuracy).toBeGreaterThanOrEqual(0);
  });
});
