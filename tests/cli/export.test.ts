// Every format by the command, of runs and of imported models, and read back by what reads it: ONNX Runtime, TensorFlow.js, our importer. Demo
// pages are opened by the tests in a browser.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registeredFormats } from '../../src/main/runs/export/index.ts';
import type { ExportWorkspace } from '../export-cases.ts';
import { createExportWorkspace, exportCases } from '../export-cases.ts';
import { loadGraphModelFrom } from '../unit/runs/export/graph-model.ts';
import { pretextInProcess } from './in-process.ts';

let tiny: ExportWorkspace;

beforeAll(async () => {
  tiny = await createExportWorkspace();
});
afterAll(() => tiny.remove());

const pretext = (...args: readonly string[]) =>
  pretextInProcess('--workspace', tiny.workspace.folder, '--json', ...args);

/** How each format is read back; throws where it cannot be. */
const readers: Readonly<Record<string, (folder: string, name: string) => Promise<void>>> = {
  async onnx(folder) {
    const session = await InferenceSession.create(join(folder, 'model.onnx'), { intraOpNumThreads: 1 });
    expect(session.outputNames).toContain('logits');
    await session.release();
  },
  async tfjs(folder) {
    const model = await loadGraphModelFrom(folder);
    expect(model.outputs.map(({ name }) => name)).toContain('logits');
    model.dispose();
  },
  async demo(folder) {
    expect(await readFile(join(folder, 'demo.html'), 'utf8')).toMatch(/^<!doctype html>/u);
  },
  async tensorboard(folder) {
    const [events = ''] = (await readdir(folder)).filter((name) => name.startsWith('events.out.tfevents.'));
    expect((await readFile(join(folder, events))).includes('brain.Event:2')).toBe(true);
  },
  huggingface: importedAgain,
  safetensors: importedAgain,
  torchvision: importedAgain,
};

async function importedAgain(folder: string, name: string): Promise<void> {
  const imported = await pretext('model', 'import', folder, '--name', name);
  expect(imported).toMatchObject({ code: 0 });
}

describe('pretext export', () => {
  it('has a test for every format', () => {
    expect(new Set(exportCases.map(({ format }) => format))).toEqual(
      new Set(registeredFormats().map(({ name }) => name)),
    );
    expect(Object.keys(readers).sort()).toEqual(
      registeredFormats()
        .map(({ name }) => name)
        .sort(),
    );
  });

  it.each(exportCases)('--format $format of $of', async ({ format, of, isRounded, files }) => {
    const folder = join(tiny.folder, `${of}-${format}`);
    const rounding = isRounded ? ['--quantize', 'int8'] : [];
    const { code, out, err } = await pretext('export', tiny.ids[of], folder, '--format', format, ...rounding);
    expect(err).not.toMatch(/^error:/mu);
    expect(code).toBe(0);
    const said = JSON.parse(out) as { folder: string; format: string; files: string[] };
    expect(said).toMatchObject({ folder, format });
    expect((await readdir(folder)).sort()).toEqual(['SHA256SUMS', ...said.files].sort());
    if (files.length > 0) expect([...said.files].sort()).toEqual([...files].sort());
    await readers[format]!(folder, `${of}-${format}`);
    const again = await pretext('export', tiny.ids[of], folder, '--format', format);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('exists already') });
  });
});
