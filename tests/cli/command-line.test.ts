/**
 * The command line as a person meets it: what it prints where, and how it ends. The way from text to answers goes in real processes; where
 * there are many commands and each is one more of a kind, they are in the test's own.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openImageDataset } from '../../src/main/data/images/image-store.ts';
import { onTheWay } from '../eventually.ts';
import type { TinyWorkspace } from '../tiny-workspace.ts';
import { createTinyWorkspace, tinySpec } from '../tiny-workspace.ts';
import { picture } from '../unit/data-images-fixtures.ts';
import { pretextInProcess } from './in-process.ts';

const script = fileURLToPath(new URL('../../src/main/cli.ts', import.meta.url));

interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

let tiny: TinyWorkspace;
let spec: string;

/** `interruptAt`: SIGINT as soon as stderr says this. */
function pretext(args: readonly string[], { interruptAt }: { interruptAt?: RegExp } = {}): Promise<Answer> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    env: { ...process.env, FORCE_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  let isInterrupted = false;
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => {
    err += data.toString();
    if (interruptAt?.test(err) && !isInterrupted) {
      isInterrupted = true;
      child.kill('SIGINT');
    }
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      resolve({ code, out, err });
    });
  });
}

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  process.chdir(tiny.folder);
  process.env.PRETEXT_WORKSPACE = tiny.workspace.folder;
  spec = join(tiny.folder, 'spec.yaml');
  await writeFile(spec, tinySpec());
});
afterAll(() => tiny.remove());

describe('wrong usage', () => {
  it.each([
    ['an unknown command', ['rnu'], /Did you mean run/],
    ['a missing argument', ['run'], /missing required argument 'spec'/],
    ['an option that is no number', ['run', 'x', '--seed', 'two'], /whole number/],
  ])('%s: code 2 and an explanation on stderr', async (_what, args, message) => {
    expect(await pretext(args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) });
  });
});

describe('the README', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const commands = [...readme.matchAll(/^npm run pretext -- ([^#\n]+)/gm)].map(([, command = '']) => command.trim());
  const slow = /^doctor$/;

  it('has commands to try', () => {
    expect(commands.length).toBeGreaterThan(4);
  });

  it.each(commands.filter((command) => !slow.test(command)))('shows one that can be typed: %s', async (command) => {
    const args = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    expect((await pretextInProcess(...args)).code, 'is not wrong usage').not.toBe(2);
  });
});

describe('failures', () => {
  it.each([
    [
      'an unknown key',
      'training: {batchsize: 8}',
      /bad\.yaml:6: training\.batchsize: unknown option\. Did you mean 'batchSize'\?/,
    ],
    ['a wrong type', 'training: {steps: ten}', /bad\.yaml:6: training\.steps: should be a number, not "ten"/],
    ['bad YAML', 'training: {steps: 1', /bad\.yaml:\d+:\d+: .* A spec is YAML or JSON: lines of the form 'key: value'/],
  ])('%s: code 1, with the line', async (_what, more, message) => {
    const lines = [
      'name: bad',
      'task: {type: masked-words, length: 16}',
      'data: tiny',
      'pipeline: bert-tiny',
      'engine: {threads: 1}',
      more,
      '',
    ];
    await writeFile(join(tiny.folder, 'bad.yaml'), lines.join('\n'));
    expect(await pretextInProcess('run', 'bad.yaml')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(message),
    });
  });

  it.each([
    ['a missing spec', ['run', 'none.yaml'], /There is no file none\.yaml\n$/],
    ['a folder as a spec', ['run', 'text'], /The file text cannot be read: it is a folder\n$/],
    [
      'a text as a spec',
      ['run', 'text/0.txt'],
      /text\/0\.txt holds a text\. A spec is YAML or JSON: lines of the form/,
    ],
    [
      'no place for a workspace',
      ['-w', 'spec.yaml/below', 'run', 'spec.yaml'],
      /cannot be a workspace: a part of its path is not a folder/,
    ],
    [
      'a missing corpus',
      ['run', 'spec.yaml', '--set', 'data=tinny'],
      /There is no corpus 'tinny'\. Did you mean 'tiny'\?/,
    ],
    ['a missing run', ['show', 'none'], /There is no run 'none'/],
    ['a missing source', ['corpus', 'import', 'new', 'nowhere'], /nowhere/],
    ['a name that is taken', ['corpus', 'import', 'tiny', 'text'], /There is a corpus 'tiny' in .* already/],
    ['a name that is none', ['corpus', 'import', '../escape', 'text'], /'\.\.\/escape' cannot be a name/],
  ])('%s: code 1, and what to do', async (_what, args, message) => {
    expect(await pretextInProcess(...args)).toMatchObject({ code: 1, out: '', err: expect.stringMatching(message) });
    expect(await readdir(tiny.workspace.corpora)).toEqual(['tiny']);
  });
});

describe('the way from text to answers', () => {
  it('imports, trains, shows and asks', async () => {
    const imported = await pretext(['corpus', 'import', 'second', 'text', '--vocabulary-size', '60', '--json']);
    expect(imported).toMatchObject({ code: 0 });
    expect(JSON.parse(imported.out)).toMatchObject({ name: 'second', documents: 40 });
    expect(JSON.parse((await pretext(['corpus', 'list', '--json'])).out)).toMatchObject([
      { name: 'second' },
      { name: 'tiny' },
    ]);

    const described = (await pretext(['corpus', 'show', 'second'])).out;
    expect(described).toMatch(/^options\.tokenizer\.vocabularySize +60$/m);
    expect(described).toMatch(/^report\.files +40$/m);

    const trained = await pretext(['run', 'spec.yaml', '--seed', '3', '--set', 'training.steps=6', '--json']);
    expect(trained.code).toBe(0);
    expect(trained.err).toContain('Started: onnxruntime');
    const result = JSON.parse(trained.out) as { id: string; steps: number; folder: string };
    expect(result.steps).toBe(6);
    expect(JSON.parse(await readFile(join(result.folder, 'spec.json'), 'utf8'))).toMatchObject({
      seed: 3,
      training: { steps: 6 },
    });

    const shown = await pretext(['show', 'tiny-words']);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain(result.id);
    expect(shown.out).toMatch(/^metric +validation +test +baselines$/m);
    expect(shown.out).toMatch(/^loss( +\d+\.\d+){3} most frequent tokens$/m);

    const answered = await pretext(['predict', result.id, 'the [MASK] sees a red [MASK].', '--top', '2', '--json']);
    expect(JSON.parse(answered.out)).toMatchObject({
      run: result.id,
      answers: [{ choices: [{}, {}] }, { choices: [{}, {}] }],
    });
    expect(await pretext(['predict', result.id, 'nothing to fill in'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('[MASK]'),
    });
    expect(await pretext(['predict', result.id, '--next', 'the'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('--next is for language models, and the task of tiny-words is masked-words'),
    });
  });

  it('shows beforehand what would be done and seen', async () => {
    const dry = await pretext(['run', 'spec.yaml', '--dry-run']);
    expect(dry).toMatchObject({ code: 0, err: '' });
    expect(dry.out).toContain('12 steps of 4 × 1 examples');
    const preview = await pretext(['preview', 'spec.yaml', '--count', '2']);
    expect(preview.code).toBe(0);
    expect(preview.out).toMatch(/Example 2/);
    expect(preview.out).toContain('[MASK1] = ');
  });

  it('stops at a checkpoint at Ctrl-C and goes on later', async () => {
    const { stopped, steps } = await onTheWay(async (steps) => {
      const training = `training: {steps: ${steps}, batchSize: 4, evaluateEvery: 10, checkpointEvery: ${steps}}`;
      await writeFile(join(tiny.folder, 'long.yaml'), tinySpec(training, 'long'));
      const stopped = await pretext(['run', 'long.yaml'], { interruptAt: /Step 10,/ });
      return stopped.code === 0 ? undefined : { stopped, steps };
    }, 400);
    expect(stopped).toMatchObject({ code: 130, out: '' });
    const [, step, id] = /Stopped at step (\d+)\. Go on with: pretext run (\S+) --resume/.exec(stopped.err) ?? [];
    expect(Number(step)).toBeLessThan(steps);
    expect(JSON.parse((await pretext(['runs', '--json'])).out)).toContainEqual(
      expect.objectContaining({ id, status: 'stopped', step: Number(step) }),
    );
    // Other settings are another experiment.
    expect(await pretext(['run', 'long.yaml', '--resume', '--seed', '9'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('other settings'),
    });
    const resumed = await pretext(['run', 'long.yaml', '--resume', '--json']);
    expect(resumed).toMatchObject({ code: 0, err: expect.stringContaining(`Resumed at step ${step ?? '?'}`) });
    expect(JSON.parse(resumed.out)).toMatchObject({ id, steps });
  });
});

describe('images that a table lists', () => {
  it('are imported with options and columns of its own', async () => {
    const folder = join(tiny.folder, 'scans');
    await mkdir(folder);
    const rows = ['file,kind,patient'];
    for (const [index, side] of [40, 40, 40, 12].entries()) {
      await writeFile(join(folder, `${index}.png`), await picture(index, side, side).png().toBuffer());
      rows.push(`${index}.png,${index % 2 === 0 ? 'well' : 'ill'},${index < 2 ? 'a' : 'b'}`);
    }
    await writeFile(join(folder, 'scans.csv'), rows.join('\n'));
    const columns = ['--path-column', 'file', '--label-column', 'kind', '--group-column', 'patient'];
    const table = ['dataset', 'import', 'scans', join(folder, 'scans.csv'), '--images', ...columns];
    const wrong = await pretextInProcess(...table, '--image-option', 'minimum=20');
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('Options: resizeShorter, background') });
    const { code, out } = await pretextInProcess(
      ...table,
      '--size',
      '16',
      '--image-option',
      'minimumSide=20',
      '--json',
    );
    expect(code).toBe(0);
    const { manifest, report } = JSON.parse(out) as { manifest: object; report: object };
    expect(manifest).toMatchObject({ images: 3, height: 16, classes: [{ name: 'ill' }, { name: 'well' }] });
    expect(report).toMatchObject({ skipped: { byReason: { 'too-small': 1 } } });
    const shown = (await pretextInProcess('dataset', 'show', 'scans')).out;
    expect(shown).toMatch(/^report\.skipped\.byReason\.too-small +1$/m);
    expect(shown).toMatch(/^report\.skipped\.listed +3\.png, too-small, /m);
    expect(Math.max(...shown.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    const dataset = openImageDataset(join(tiny.workspace.datasets, 'scans'));
    expect([...dataset.groups]).toEqual([0, 0, 2]); // two of patient a, one of patient b
    dataset.close();
  });
});

describe('descriptions', () => {
  it('of a pipeline add up', async () => {
    const { out, code } = await pretextInProcess('pipeline', 'show', 'bert-tiny', '--vocabulary', '1000', '--json');
    expect(code).toBe(0);
    const { blocks } = JSON.parse(out) as { blocks: { id: string; parameters: number; shape: number[] }[] };
    // Tables of 1000 tokens, 512 positions and 2 segments, and a normalisation.
    expect(blocks[0]).toMatchObject({ id: 'embedding', parameters: (1000 + 512 + 2 + 2) * 128, shape: [128, 128] });
    // A layer: four 128 × 128 matrices, 128 × 512 and back, their biases, two normalisations (Devlin et al. 2018).
    expect(blocks[1]?.parameters).toBe(2 * (4 * (128 * 128 + 128) + 128 * 512 + 512 + 512 * 128 + 128 + 4 * 128));
  });

  it('of a block say what it reads and gives, and its options with their defaults', async () => {
    const { out, code } = await pretextInProcess('pipeline', 'explain', 'recurrent');
    expect(code).toBe(0);
    expect(out).toContain('reads mask [batch, length], if there is one');
    expect(out).toContain('gives sequence [batch, length, features]');
    expect(out).toMatch(/forgetBias number, default 1\n/);
    expect((await pretextInProcess('pipeline', 'explain', 'lstm-lm')).out).toMatch(
      /layers whole number above 0, default 1\n/,
    );
    const unknown = await pretextInProcess('pipeline', 'explain', 'recurent');
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining("no block 'recurent'") });
  });

  it('of the experiment format are a JSON schema', async () => {
    expect(JSON.parse((await pretextInProcess('schema')).out)).toMatchObject({
      title: 'Pretext Lab experiment',
      type: 'object',
      required: ['name', 'task', 'data'], // a model of others brings its pipeline along
    });
  });
});
