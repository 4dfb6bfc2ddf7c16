/**
 * Our side of a bench as a process: compiles the bench's program with the engine that runs use, and answers the
 * requests of `contestant.ts`.
 *
 *   node bench/lib/our-side.ts <bench> <folder> <threads>
 */
import { createInterface } from 'node:readline';
import { LabError } from '../../src/shared/errors.ts';
import type { Executable, Feeds } from '../../src/main/engines/engine.ts';
import { createOnnxRuntimeEngine } from '../../src/main/engines/onnxruntime/engine.ts';
import { readSafetensors } from '../../src/main/formats/safetensors.ts';
import { loadBench, median, roundTo } from './bench.ts';
import type { Bench } from './bench.ts';
import type { Reply, Request } from './contestant.ts';
import { readGroup, tensorFile, writeTensors } from './exchange.ts';
import type { TorchBench, Workload } from './torch-bench.ts';
import { learningRate, optimizer } from './torch-bench.ts';

const stepOptions = { learningRate, seed: 0 };
const samplerRepetitions = 20;

function answer(reply: Reply): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

function isTorchBench(bench: Bench): bench is TorchBench {
  return 'workload' in bench;
}

async function checkedStep(executable: Executable, feeds: Feeds, file: string): Promise<Reply> {
  const { outputs, gradients } = await executable.gradients(feeds);
  const { scalars } = await executable.step([feeds], { ...stepOptions, step: 0 });
  const { parameters } = await executable.exportState();
  const { loss } = outputs;
  if (!loss) throw new LabError('internal', 'the program of a bench needs an output named loss');
  await writeTensors(file, { gradients, updated: parameters }, { loss });
  return { ...scalars };
}

async function timedSteps(
  executable: Executable,
  feeds: Feeds,
  start: number,
  count: number,
): Promise<readonly number[]> {
  const milliseconds: number[] = [];
  for (let step = start; step < start + count; step++) {
    const begin = performance.now();
    const { finite } = await executable.step([feeds], { ...stepOptions, step });
    milliseconds.push(performance.now() - begin);
    if (!finite) throw new LabError('non-finite', `the loss or the gradient of step ${step} is not finite`);
  }
  return milliseconds;
}

/** Milliseconds that making one batch takes; the median, because a run makes many. */
function samplerMilliseconds({ nextBatch }: Workload): number | undefined {
  if (!nextBatch) return undefined;
  const times = Array.from({ length: samplerRepetitions }, (_, step) => {
    const begin = performance.now();
    nextBatch(step);
    return performance.now() - begin;
  });
  return median(times);
}

async function main([name = '', folder = '', threads = '']: readonly string[]): Promise<void> {
  const bench = await loadBench(name);
  if (!isTorchBench(bench)) throw new LabError('bad-input', `the bench ${name} is not a comparison with PyTorch`);
  const begin = performance.now();
  const workload = bench.workload();
  const built = performance.now();
  const executable = await createOnnxRuntimeEngine().compile(workload.program, { optimizer, threads: Number(threads) });
  const compiled = performance.now();
  const inputs = await readSafetensors(tensorFile(folder, 'inputs'));
  await executable.importState({
    parameters: new Map([...readGroup(inputs, 'weights'), ...readGroup(inputs, 'states')]),
  });
  answer({
    device: executable.device.description,
    buildMilliseconds: Math.round(built - begin),
    compileMilliseconds: Math.round(compiled - built),
  });

  let step = 1;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request; // written by contestant.ts
    switch (request.command) {
      case 'check':
        answer(await checkedStep(executable, workload.feeds, request.path));
        break;
      case 'steps':
        answer({ milliseconds: await timedSteps(executable, workload.feeds, step, request.count) });
        step += request.count;
        break;
      case 'memory': {
        const residentMegabytes = process.resourceUsage().maxRSS / 1024; // Node says kilobytes everywhere
        const sampler = samplerMilliseconds(workload);
        answer({ residentMegabytes, ...(sampler !== undefined && { samplerMilliseconds: roundTo(sampler, 3) }) });
        break;
      }
      case 'train':
        throw new Error('whole trainings are the work of the lab itself, not of a program that is stepped');
    }
  }
  await executable.release();
}

await main(process.argv.slice(2));
