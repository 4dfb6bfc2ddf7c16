/**
 * The devices ONNX Runtime could use here. The npm package carries CPU and WebGPU everywhere, DirectML on Windows and
 * CoreML on macOS; CUDA is an extra download. What counts is a session that really runs, so each candidate is tried.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InferenceSession, Tensor, listSupportedBackends } from 'onnxruntime-node';
import { messageOf } from '../../../shared/errors.ts';
import { writeOnnx } from '../../formats/onnx/write.ts';
import type { DeviceReport } from '../engine.ts';
import { processorName } from '../host/processor.ts';

const descriptions: Readonly<Record<string, string>> = {
  webgpu: 'GPU through WebGPU (Vulkan, Metal or Direct3D 12)',
  dml: 'GPU through DirectML',
  coreml: 'Apple GPU and Neural Engine through Core ML',
  cuda: 'NVIDIA GPU through CUDA',
};

const remedies: Readonly<Record<string, string>> = {
  webgpu: 'a graphics driver with Vulkan, Metal or Direct3D 12 is needed (on Linux also the package libvulkan1)',
  cuda:
    'the CUDA provider is a download of its own, for Linux: ' +
    "'node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12'; it needs CUDA 12 and cuDNN 9",
  dml: 'DirectML exists on Windows only',
  coreml: 'Core ML exists on macOS only',
};

const probed = new Map<string, Promise<DeviceReport>>();

/** Tries every device. */
export function probeDevices(): Promise<readonly DeviceReport[]> {
  return Promise.all(['cpu', ...Object.keys(descriptions)].map(probeDevice));
}

/** Tries one device, once in the life of the process. */
export function probeDevice(device: string): Promise<DeviceReport> {
  const known = probed.get(device) ?? tryDevice(device);
  probed.set(device, known);
  return known;
}

async function tryDevice(device: string): Promise<DeviceReport> {
  if (device === 'cpu') return { device, description: processorName(), available: true };
  const description = descriptions[device] ?? device;
  const backend = listSupportedBackends().find(({ name }) => name === device);
  if (!backend || (!backend.bundled && !isInstalled(device))) {
    return { device, description, available: false, reason: remedies[device] ?? 'not in this build' };
  }
  try {
    await runTiny(device);
    return { device, description, available: true };
  } catch (error) {
    return {
      device,
      description,
      available: false,
      reason: `${remedies[device] ?? ''} (${lastSentence(messageOf(error))})`,
    };
  }
}

/** Whether the library of a provider that the npm package does not carry was put beside it. */
function isInstalled(device: string): boolean {
  const folder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  const natives = join(folder, 'bin', 'napi-v6', process.platform, process.arch);
  return existsSync(join(natives, `libonnxruntime_providers_${device}.so`));
}

/** 1 + 1 on the device, and nowhere else. */
async function runTiny(device: string): Promise<void> {
  const shape = [1];
  const info = (name: string) => ({ name, type: 'float32', shape }) as const;
  const model = writeOnnx({
    name: 'probe',
    nodes: [{ opType: 'Add', domain: '', name: 'add', inputs: ['x', 'x'], outputs: ['y'], attributes: {} }],
    initialisers: [],
    inputs: [info('x')],
    outputs: [info('y')],
  });
  const session = await InferenceSession.create(model, { executionProviders: [device], logSeverityLevel: 4 });
  try {
    const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1), shape) });
    if (y?.data[0] !== 2) throw new Error('the device computes 1 + 1 wrongly');
  } finally {
    await session.release();
  }
}

/** ONNX Runtime's messages begin with a source file and an expression; what a person can use comes last. */
function lastSentence(message: string): string {
  return message.replace(/\n.*/s, '').replace(/^.* was false\. /, '');
}
