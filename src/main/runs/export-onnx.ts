/**
 * Exports a trained run for use elsewhere: `model.onnx` with the weights inside, `tokenizer.json`, and `model.json`, which
 * says what goes in and what comes out. A batch holds one example.
 */
import { copyFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { LabError } from '../../shared/errors.ts';
import { experimentSpec } from '../../shared/spec/experiment/index.ts';
import type { OnnxGraph } from '../graph/onnx.ts';
import { lowerToOnnx, valueName } from '../graph/onnx.ts';
import { mergeCommonSubexpressions } from '../graph/passes/common-subexpressions.ts';
import { removeDeadCode } from '../graph/passes/dead-code.ts';
import type { Program } from '../graph/program.ts';
import { needsMicrosoftOps, writeOnnx } from '../formats/onnx/write.ts';
import type { Tensor } from '../engines/engine.ts';
import { writeFileDurably } from '../files/durable-file.ts';
import { writeFolder } from '../files/durable-folder.ts';
import { buildModel } from '../training/model.ts';
import { verifyFile } from '../files/checksums.ts';
import { fileExists } from '../files/file-exists.ts';
import { readWeights } from './open-trained.ts';
import { readModel } from './predict.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { readJson } from '../workspace/run-folder.ts';
import { labVersion } from '../files/version.ts';

export interface ExportedModel {
  readonly folder: string;
  readonly files: readonly string[];
  /** True when the model needs ONNX Runtime's own ops, so that other runtimes may refuse it. */
  readonly needsOnnxRuntime: boolean;
}

/** Throws `LabError('conflict')` when the folder exists, `LabError('not-found')` without a checkpoint. */
export async function exportRun(
  run: RunFolder,
  destination: string,
  checkpoint: 'best' | 'last' = 'best',
): Promise<ExportedModel> {
  const folder = resolve(destination);
  if (await fileExists(folder)) {
    throw new LabError('conflict', `${destination} exists already. Choose another folder, or delete it first`, {
      destination,
    });
  }
  const experiment = await readJson(run.spec, experimentSpec);
  const model = await readModel(run, experiment);
  const { step, weights } = await readWeights(run, checkpoint);
  const program = removeDeadCode(mergeCommonSubexpressions(buildModel(model, 'prediction', 1)));
  const graph = withWeightsInside(lowerToOnnx(program, program.outputs), program, weights);
  const hasTokenizer = await fileExists(run.tokenizer);
  if (hasTokenizer) await verifyFile(run.tokenizer);
  const about = {
    run: run.id,
    step,
    task: experiment.task,
    ...model.facts,
    inputs: graph.inputs,
    outputs: graph.outputs,
    lab: labVersion(),
  };
  await writeFolder(folder, async (temporary) => {
    const documentation = `${experiment.name}: ${experiment.task.type}, trained with Pretext Lab`;
    await writeFile(join(temporary, 'model.onnx'), writeOnnx(graph, { producerVersion: labVersion(), documentation }));
    await writeFileDurably(join(temporary, 'model.json'), `${JSON.stringify(about, null, 2)}\n`);
    if (hasTokenizer) await copyFile(run.tokenizer, join(temporary, 'tokenizer.json'));
  });
  return {
    folder,
    files: ['model.onnx', 'model.json', ...(hasTokenizer ? ['tokenizer.json'] : [])],
    needsOnnxRuntime: needsMicrosoftOps(graph),
  };
}

/** Engines feed parameters; a file carries them. Those that nothing reads stay out. */
function withWeightsInside(graph: OnnxGraph, program: Program, tensors: ReadonlyMap<string, Tensor>): OnnxGraph {
  const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  const initialisers = [...graph.initialisers];
  const parameterNames = new Set<string>();
  for (const { name, shape, value } of program.parameters.values()) {
    parameterNames.add(valueName(value));
    if (!read.has(valueName(value))) continue;
    const tensor = tensors.get(name);
    if (!tensor) throw new LabError('corrupt', `The checkpoint has no weights for ${name}`, { name });
    initialisers.push({ name: valueName(value), type: 'float32', shape, data: tensor.data });
  }
  return { ...graph, initialisers, inputs: graph.inputs.filter(({ name }) => !parameterNames.has(name)) };
}
