/** What this machine can train on: every engine and device, whether its gradients are right, and how fast it is. */
import { messageOf } from '../../shared/errors.ts';
import type { DeviceReport, Engine, EngineName } from '../engines/engine.ts';
import { selfCheck } from '../engines/self-check.ts';
import type { HalfType } from '../graph/half-precision.ts';
import { createProgram, input, matmul, output } from '../graph/index.ts';
import { engineNames, loadEngine } from './engines.ts';
import { measureSteps } from './machine-speed.ts';

export interface EngineDiagnosis {
  readonly engine: EngineName;
  readonly version: string | null;
  readonly devices: readonly DeviceDiagnosis[];
  /** Why the engine cannot even be loaded, and what would help. */
  readonly problem: string | null;
}

export interface DeviceDiagnosis extends DeviceReport {
  /** Relative error in the gradient self-check; null where it cannot be used. */
  readonly gradientError: number | null;
  /** Of a product of two 1024 × 1024 matrices, billions of operations a second. */
  readonly gigaflops: number | null;
  /** Milliseconds of a training step, by preset: bert-mini on 8 × 128 tokens, resnet-mini on 32 images of 32 × 32; null where it is slow. */
  readonly stepMilliseconds: Readonly<Record<string, number>> | null;
  /** Half precisions that it multiplies in (`engine.precision`); null where it cannot be used. */
  readonly precisions: readonly HalfType[] | null;
  /** What went wrong in the check of a device that seemed usable. */
  readonly problem: string | null;
}

export interface Diagnosis {
  readonly node: string;
  readonly platform: string;
  readonly engines: readonly EngineDiagnosis[];
}

/** Never throws: what fails is part of the answer. */
export async function diagnose(onProgress: (what: string) => void = () => undefined): Promise<Diagnosis> {
  const engines: EngineDiagnosis[] = [];
  for (const name of engineNames) {
    onProgress(name);
    engines.push(await diagnoseEngine(name, onProgress));
  }
  return { node: process.version, platform: `${process.platform} ${process.arch}`, engines };
}

async function diagnoseEngine(name: EngineName, onProgress: (what: string) => void): Promise<EngineDiagnosis> {
  try {
    const engine = await loadEngine(name);
    const { version, devices: reports } = await engine.probe();
    const devices: DeviceDiagnosis[] = [];
    for (const report of reports) {
      onProgress(`${name} on ${report.device}`);
      devices.push(await diagnoseDevice(engine, report));
    }
    return { engine: name, version, devices, problem: null };
  } catch (error) {
    return { engine: name, version: null, devices: [], problem: messageOf(error) };
  }
}

async function diagnoseDevice(engine: Engine, report: DeviceReport): Promise<DeviceDiagnosis> {
  if (!report.available) return unusable(report, null);
  try {
    const { passed, error, worst } = await selfCheck(engine, { device: report.device });
    if (!passed) return { ...unusable(report, `it computes wrongly: ${worst}`), gradientError: error };
    const gigaflops = await measureThroughput(engine, report.device);
    const precisions = (await engine.precisionsOf?.(report.device)) ?? [];
    return {
      ...report,
      gradientError: error,
      gigaflops,
      stepMilliseconds: gigaflops < leastGigaflops ? null : await measureSteps(engine, report.device),
      precisions,
      problem: null,
    };
  } catch (error) {
    return unusable(report, messageOf(error));
  }
}

function unusable(report: DeviceReport, problem: string | null): DeviceDiagnosis {
  return { ...report, gradientError: null, gigaflops: null, stepMilliseconds: null, precisions: null, problem };
}

/** A card that is emulated in software does less, and would take minutes for the steps. */
const leastGigaflops = 10;

const matrixSize = 1024;
/** Milliseconds after which no further product is begun: a GPU that is emulated in software takes seconds for one. */
const patience = 1000;

/** The best of a few products: what else runs on the machine only ever makes it slower. */
async function measureThroughput(engine: Engine, device: string): Promise<number> {
  const program = createProgram('throughput');
  const shape = [matrixSize, matrixSize];
  output(program, 'product', matmul(input(program, 'a', 'float32', shape), input(program, 'b', 'float32', shape)));
  const executable = await engine.compile(program, { device });
  try {
    const matrix = new Float32Array(matrixSize * matrixSize).fill(0.5);
    let best = Infinity;
    const begun = performance.now();
    for (let trial = 0; trial < 6 && performance.now() - begun < patience; trial++) {
      const started = performance.now();
      await executable.run({ a: matrix, b: matrix });
      best = Math.min(best, performance.now() - started);
    }
    return (2 * matrixSize ** 3) / (best / 1000) / 1e9;
  } finally {
    await executable.release();
  }
}
