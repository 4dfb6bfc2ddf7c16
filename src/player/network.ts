/** The network of a page: built, run and asked by the lab's own code, on TensorFlow.js. */
import * as tf from '@tensorflow/tfjs-core';
import { createTokenizer } from '../main/data/tokenizer/tokenizer.ts';
import type { Executable } from '../main/engines/engine.ts';
import { createExecutable } from '../main/engines/tensorflow/executable.ts';
import { createParameterStore } from '../main/engines/tensorflow/parameter-store.ts';
import { mergeCommonSubexpressions } from '../main/graph/passes/common-subexpressions.ts';
import { removeDeadCode } from '../main/graph/passes/dead-code.ts';
import type { Program } from '../main/graph/program.ts';
import type {
  GenerationQuery,
  PredictionAnswer,
  PredictionModel,
  PredictionQuery,
  TaskFacts,
} from '../main/tasks/index.ts';
import { findTask } from '../main/tasks/index.ts';
import { withLengthBuckets } from '../main/training/length-buckets.ts';
import type { Model } from '../main/training/model.ts';
import { buildModel } from '../main/training/model.ts';
import type { PageBackend } from './backend.ts';
import { startBackend } from './backend.ts';
import type { DemoData } from './demo-data.ts';

export interface PageNetwork {
  readonly facts: TaskFacts;
  readonly backend: PageBackend;
  ask(query: PredictionQuery): Promise<readonly PredictionAnswer[]>;
  /** Undefined for what is no language model. */
  readonly generate: ((query: GenerationQuery) => AsyncIterable<{ readonly text: string }>) | undefined;
}

const device = { device: 'javascript', description: 'TensorFlow.js in this page', available: true };

/**
 * @param weights the bytes of the block of weights
 * @param binary WebAssembly that computes, where the page has it
 */
export async function openNetwork(
  data: DemoData,
  weights: ArrayBuffer,
  binary: Uint8Array | undefined,
): Promise<PageNetwork> {
  const backend = await startBackend(binary);
  const { type, ...options } = data.task;
  const facts = data.facts as TaskFacts; // written from one
  const model: Model = { task: findTask(type), options, pipeline: data.pipeline, facts };
  const build = (shown: Model): Program =>
    removeDeadCode(mergeCommonSubexpressions(buildModel(shown, 'prediction', 1)));
  const program = build(model);
  const store = createParameterStore(tf, program, {});
  const compile = (source: Program): Executable => createExecutable(tf, source, store, device);
  const executable = withLengthBuckets(compile(program), {
    model,
    build,
    compile: (source) => Promise.resolve(compile(source)),
  });
  await executable.importState({ parameters: readWeights(data, weights, program) });

  const predictionModel: PredictionModel = {
    ...facts,
    ...(data.tokenizer !== null && { tokenizer: createTokenizer(data.tokenizer, 'tokenizer.json') }),
    run(feeds) {
      const declared = Object.entries(feeds).filter(([name]) => program.inputs.has(name));
      return executable.run(Object.fromEntries(declared));
    },
  };
  const { predict, generate } = model.task;
  return {
    facts,
    backend,
    ask: (query) => predict?.(predictionModel, query, options) ?? Promise.resolve([]),
    generate: generate && ((query) => generate(predictionModel, query, options)),
  };
}

function readWeights({ weights }: DemoData, bytes: ArrayBuffer, program: Program) {
  const found = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  let offset = 0;
  for (const { name, shape } of weights) {
    const length = shape.reduce((product, size) => product * size, 1);
    if (program.parameters.has(name)) found.set(name, { shape, data: new Float32Array(bytes, offset, length) });
    offset += 4 * length;
  }
  return found;
}
