/** Records the gradient flow of a run: artifacts/gradient-flow.json, and a chart of it as SVG and PNG. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { escapeMarkup } from '../../shared/escape-markup.ts';
import { linearScale } from '../../shared/linear-scale.ts';
import { loadSharp } from '../data/images/load-sharp.ts';
import { replaceFile } from '../files/durable-file.ts';
import { fileExists } from '../files/file-exists.ts';
import type { Engine, Executable } from '../engines/engine.ts';
import type { LayerFlow } from '../training/gradient-flow.ts';
import { compileGradientFlow, gradientFlowProgram } from '../training/gradient-flow.ts';
import { placeOf } from './engines.ts';
import type { PreparedRun } from './prepare.ts';
import type { RunFolder } from '../workspace/run-folder.ts';
import { readJson } from '../workspace/run-folder.ts';

const version = 1;

const gradientFlow = z.strictObject({
  formatVersion: z.literal(version),
  recordings: z.array(
    z.strictObject({
      /** Updates before it was measured. */
      step: z.int(),
      layers: z.array(z.strictObject({ layer: z.string(), norms: z.array(z.number().nullable()) })),
    }),
  ),
});

export type GradientFlow = z.infer<typeof gradientFlow>;

/** Measures one batch, always the same, with the weights as they are then; holds an executable until it is disposed of. */
export interface FlowRecorder extends AsyncDisposable {
  record(step: number): Promise<void>;
}

/** Throws `LabError('bad-spec')` for a network without a recurrence. */
export async function openGradientFlow(
  run: RunFolder,
  { experiment, model, sampler, plan }: PreparedRun,
  engine: Engine,
  trainer: Executable,
): Promise<FlowRecorder> {
  const program = gradientFlowProgram(model, plan.batchSize, experiment.freeze);
  const meter = await compileGradientFlow(engine, program, trainer, placeOf(experiment.engine));
  const feeds = sampler.trainingBatch(experiment.seed, 0, plan.batchSize);
  return {
    record: async (step) => recordGradientFlow(run, step, await meter.measure(feeds)),
    [Symbol.asyncDispose]: async () => meter[Symbol.asyncDispose](),
  };
}

/** Adds a recording, in place of one of the same step, and draws all of them. */
async function recordGradientFlow(run: RunFolder, step: number, layers: readonly LayerFlow[]): Promise<void> {
  const file = join(run.artifacts, 'gradient-flow.json');
  const known = (await fileExists(file)) ? (await readJson(file, gradientFlow)).recordings : [];
  const others = known.filter((recording) => recording.step < step); // a resumed run measures later ones again
  const recording = { step, layers: layers.map(({ layer, norms }) => ({ layer, norms: [...norms] })) };
  const flow: GradientFlow = { formatVersion: version, recordings: [...others, recording] };
  await replaceFile(file, `${JSON.stringify(flow)}\n`);
  const svg = drawGradientFlow(flow);
  await replaceFile(join(run.artifacts, 'gradient-flow.svg'), svg);
  const sharp = await loadSharp();
  await writeFile(
    join(run.artifacts, 'gradient-flow.png'),
    await sharp(Buffer.from(svg), { density: 144 }).png().toBuffer(),
  );
}

const size = { width: 720, panel: 260, left: 64, right: 110, top: 40, bottom: 44 };
/** Smaller norms are drawn as this: float32 has no more to say. */
const smallest = 1e-12;

/** A panel for each layer: steps from left to right, norms on a logarithmic axis, a line for each recording. */
export function drawGradientFlow({ recordings }: GradientFlow): string {
  const layers = [...new Set(recordings.flatMap((recording) => recording.layers.map(({ layer }) => layer)))];
  const height = layers.length * size.panel;
  const panels = layers.map((layer, index) => {
    const lines = recordings.flatMap(({ step, layers: all }) => {
      const norms = all.find((one) => one.layer === layer)?.norms;
      return norms ? [{ step, norms: norms.map((norm) => Math.max(smallest, norm ?? smallest)) }] : [];
    });
    return `<g transform="translate(0 ${index * size.panel})">${drawPanel(layer, lines)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${height}" viewBox="0 0 ${size.width} ${height}" font-family="sans-serif" font-size="12">`,
    '<title>Gradient flow: norm of ∂L/∂h at each step</title>',
    `<rect width="${size.width}" height="${height}" fill="#ffffff"/>`,
    ...panels,
    '</svg>\n',
  ].join('\n');
}

function drawPanel(
  layer: string,
  lines: readonly { readonly step: number; readonly norms: readonly number[] }[],
): string {
  const logs = lines.flatMap(({ norms }) => norms.map(Math.log10));
  const low = Math.floor(Math.min(...logs));
  const high = Math.max(low + 1, Math.ceil(Math.max(...logs)));
  const steps = Math.max(...lines.map(({ norms }) => norms.length));
  const [innerWidth, innerHeight] = [size.width - size.left - size.right, size.panel - size.top - size.bottom];
  const xOf = linearScale({ low: 0, high: Math.max(1, steps - 1) }, size.left, size.left + innerWidth);
  const yOf = linearScale({ low, high }, size.top + innerHeight, size.top);
  const x = (step: number): string => xOf(step).toFixed(1);
  const y = (exponent: number): string => yOf(exponent).toFixed(1);
  const stride = Math.ceil((high - low) / 6);
  const ticks = Array.from({ length: Math.floor((high - low) / stride) + 1 }, (_, index) => low + index * stride);
  const colour = (index: number): string =>
    `hsl(${Math.round(220 - (200 * index) / Math.max(1, lines.length - 1))} 70% 42%)`;
  return [
    `<text x="${size.left}" y="20" font-weight="bold">${escapeMarkup(layer)}</text>`,
    ...ticks.map(
      (tick) =>
        `<line x1="${size.left}" x2="${size.left + innerWidth}" y1="${y(tick)}" y2="${y(tick)}" stroke="#d8dee6"/><text x="${size.left - 8}" y="${y(tick)}" dy="4" text-anchor="end">1e${tick}</text>`,
    ),
    ...[0, Math.floor((steps - 1) / 2), steps - 1].map(
      (step) => `<text x="${x(step)}" y="${size.panel - size.bottom + 18}" text-anchor="middle">${step + 1}</text>`,
    ),
    `<text x="${size.left + innerWidth / 2}" y="${size.panel - 8}" text-anchor="middle">time step t; the norm of ∂L/∂h at t</text>`,
    ...lines.map(({ step, norms }, index) => {
      const points = norms.map((norm, time) => `${x(time)},${y(Math.log10(norm))}`).join(' ');
      const label = `<text x="${size.left + innerWidth + 10}" y="${size.top + 4 + 15 * index}" fill="${colour(index)}">step ${step}</text>`;
      return `<polyline points="${points}" fill="none" stroke="${colour(index)}" stroke-width="1.8"/>${label}`;
    }),
  ].join('\n');
}
