/** `pretext doctor`: what this machine can train on. */
import type { Command } from 'commander';
import type { DeviceDiagnosis, Diagnosis } from '../../runs/doctor.ts';
import { diagnose } from '../../runs/doctor.ts';
import { exitCodes } from './exit-codes.ts';
import { globalsOf } from './globals.ts';
import { emphasise, print, printJson, say, wrap } from './output.ts';

export function registerDoctor(doctor: Command): void {
  doctor.action(async (_options: object, command: Command) => {
    const diagnosis = await diagnose((what) => {
      if (process.stderr.isTTY) say(`Trying ${what} …`);
    });
    if (globalsOf(command).json) printJson(diagnosis);
    else print(describe(diagnosis));
    const usable = diagnosis.engines.some(({ devices }) => devices.some(({ gigaflops }) => gigaflops !== null));
    if (!usable) process.exitCode = exitCodes.failed;
  });
}

function describe({ node, platform, engines }: Diagnosis): string {
  const lines = [`Node ${node} on ${platform}`];
  for (const { engine, version, devices, problem } of engines) {
    lines.push('', `${emphasise(engine, 'bold')} ${version ?? ''}`.trimEnd());
    if (problem !== null) lines.push(`  ${wrap(`not available: ${problem}`, 4)}`);
    for (const device of devices) lines.push(`  ${wrap(describeDevice(device), 4)}`);
  }
  return lines.join('\n');
}

function describeDevice({
  device,
  description,
  available,
  reason,
  gradientError,
  gigaflops,
  stepMilliseconds,
  precisions,
  problem,
}: DeviceDiagnosis): string {
  if (!available) {
    return `${emphasise('–', 'yellow')} ${device}: ${description}. Not available: ${reason ?? 'no reason given'}`;
  }
  if (problem !== null) return `${emphasise('✗', 'red')} ${device}: ${description}. Not usable: ${problem}`;
  return `${emphasise('✓', 'green')} ${device}: ${description}. Gradients right to ${gradientError?.toExponential(1) ?? '?'}, ${gigaflops?.toFixed(0) ?? '?'} GFLOP/s in a 1024³ matrix product${stepWords(stepMilliseconds)}${precisionWords(device, precisions ?? [])}`;
}

function precisionWords(device: string, precisions: readonly string[]): string {
  if (precisions.length === 0) return '';
  const types = precisions.join(' and ');
  return device === 'cpu' ? `; rounds products to ${types}, for checks` : `; products in ${types}`;
}

function stepWords(milliseconds: DeviceDiagnosis['stepMilliseconds']): string {
  const words = Object.entries(milliseconds ?? {}).map(([preset, one]) => `${one.toPrecision(3)} ms of ${preset}`);
  return words.length === 0 ? '' : `; a training step: ${words.join(', ')}`;
}
