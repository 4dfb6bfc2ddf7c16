// The parts of the benches that decide what is compared with what. The benches themselves need PyTorch and quiet.
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { benchNames, loadBench, median } from '../../../bench/lib/bench.ts';
import { compareSteps } from '../../../bench/lib/compare.ts';
import { startContestant } from '../../../bench/lib/contestant.ts';
import { candidatePythons, findTorchPythons } from '../../../bench/lib/pythons.ts';
import { lookForQuiet, measureQuietly } from '../../../bench/lib/quiet.ts';
import { stepsTable } from '../../../bench/lib/steps-table.ts';
import { syntheticTexts } from '../../../bench/lib/synthetic-text.ts';
import type { SafetensorsFile } from '../../../src/main/formats/safetensors.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pretext-bench-test-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A program that answers as a Python with this PyTorch would. */
async function fakePython(name: string, version: string, place: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, `#!/bin/sh\necho ${version}\necho ${place}\n`);
  await chmod(file, 0o755);
  return file;
}

const onPosix = describe.skipIf(process.platform === 'win32');

onPosix('finding PyTorch', () => {
  it('tries what PRETEXT_PYTHON names first, then the PATH and Debian', () => {
    const others = ['python3', 'python', '/usr/bin/python3'];
    expect(candidatePythons(`/a/python${path.delimiter}/b/python`)).toEqual(['/a/python', '/b/python', ...others]);
    expect(candidatePythons('')).toEqual(others);
  });

  it('counts each installation once, at its first candidate', async () => {
    const first = await fakePython('first', '1.0.0', 'one');
    const same = await fakePython('same', '1.0.0', 'one');
    const second = await fakePython('second', '2.0.0', 'two');
    const found = await findTorchPythons([first, same, path.join(folder, 'none'), second]);
    expect(found).toEqual([
      { command: first, torchVersion: '1.0.0' },
      { command: second, torchVersion: '2.0.0' },
    ]);
    expect(await findTorchPythons([first, second], '2.')).toEqual([{ command: second, torchVersion: '2.0.0' }]);
  });

  it('says what there is and how to get more', async () => {
    const advice = expect.stringMatching(/^No Python with PyTorch.*'pip install torch'.*PRETEXT_PYTHON/);
    await expect(findTorchPythons([])).rejects.toMatchObject({ code: 'not-found', message: advice });
    const old = await fakePython('old', '1.0.0', 'one');
    await expect(findTorchPythons([old], '2.')).rejects.toThrow(/^There is only PyTorch 1\.0\.0\./);
  });
});

describe('comparing two sides', () => {
  const weights = Float32Array.of(0.1, -0.2, 0.3, 0.4);
  const gradients = Float32Array.of(1, -2, 3, -4);
  const file = (tensors: Readonly<Record<string, Float32Array>>): SafetensorsFile => ({
    tensors: new Map(Object.entries(tensors).map(([name, data]) => [name, { shape: [data.length], data }])),
    metadata: {},
  });
  const inputs = file({ 'weights/w': weights });
  const side = (change: (gradient: number) => number, step: number): SafetensorsFile =>
    file({
      loss: Float32Array.of(2),
      'gradients/w': gradients.map(change),
      'updated/w': weights.map((weight, index) => weight - step * Math.sign(gradients[index]!)),
    });
  const theirs = side((gradient) => gradient, 0.25);

  it('gives the relative errors as one vector', () => {
    const ours = side((gradient) => gradient * (1 + 2 ** -18), 0.25);
    const comparison = compareSteps(inputs, ours, theirs, 'PyTorch');
    expect(comparison).toMatchObject({ loss: 2, lossError: 0, updateError: 0 });
    expect(comparison.gradientError).toBeCloseTo(2 ** -18, 10);
  });

  it('allows what rounding does to the other side too, and not much more', () => {
    const ours = side((gradient) => gradient * 1.0004, 0.25);
    expect(compareSteps(inputs, ours, theirs, 'PyTorch', 1.5e-4).gradientError).toBeCloseTo(4e-4, 6);
    expect(() => compareSteps(inputs, ours, theirs, 'PyTorch', 1e-4)).toThrow(/gradients differ/);
  });

  it('allows elements to move the other way whose gradients are rounding, where the other side rounds, too', () => {
    const count = 1000;
    const zeros = new Float32Array(count);
    const step = Float32Array.from({ length: count }, (_, index) => (index % 2 === 0 ? 1 : -1));
    const flipped = step.map((change, index) => (index === 7 ? -change : change));
    const sides = [flipped, step].map((updated) =>
      file({ loss: Float32Array.of(2), 'gradients/w': step, 'updated/w': updated }),
    );
    const compare = (rounding: number): number =>
      compareSteps(file({ 'weights/w': zeros }), sides[0]!, sides[1]!, 'PyTorch', rounding).updateError;
    expect(compare(1e-3)).toBeCloseTo(2 / Math.sqrt(count), 6);
    expect(() => compare(1e-4)).toThrow(/updated weights differ/);
  });

  it('fails for wrong gradients, for wrong updates and for what is not a number', () => {
    const compare = (ours: SafetensorsFile) => () => compareSteps(inputs, ours, theirs, 'PyTorch');
    expect(compare(side((gradient) => gradient * 1.0001, 0.25))).toThrow(/gradients differ from PyTorch's.* in w$/);
    expect(compare(side((gradient) => gradient, 0.2501))).toThrow(/updated weights differ/);
    expect(compare(side(() => NaN, 0.25))).toThrow(/gradients differ/);
  });
});

describe('a contestant', () => {
  const start = (code: string) => startContestant('Other', process.execPath, ['-e', code]);

  it('answers line by line until it is closed', async () => {
    const echo = `console.log('{"ready":true}'); require('readline').createInterface({ input: process.stdin })
      .on('line', (line) => console.log(JSON.stringify({ got: JSON.parse(line).command })));`;
    const contestant = await start(echo);
    expect(contestant.greeting).toEqual({ ready: true });
    expect(await contestant.ask({ command: 'memory' })).toEqual({ got: 'memory' });
    await contestant.close();
  });

  it('that dies says why', async () => {
    await expect(start('console.error("no such module"); process.exit(3)')).rejects.toThrow(
      /Other ended \(exit code 3\):\nno such module/,
    );
    await expect(startContestant('Other', path.join(folder, 'none'), [])).rejects.toThrow(/Other cannot be started/);
  });
});

describe('a turn', () => {
  const looks = (...busy: readonly number[]) => {
    const left = [...busy];
    return () => {
      const next = left.shift() ?? 0;
      return Promise.resolve({ busy: next, isQuiet: next < 0.15 });
    };
  };
  const pause = () => Promise.resolve();

  it('is measured when the machine is quiet before and after', async () => {
    const said: [number, boolean][] = [];
    let turns = 0;
    const measure = () => Promise.resolve((turns += 1));
    const onLoad = (busy: number, again: boolean): void => {
      said.push([busy, again]);
    };
    // Loaded before the first attempt, and after the second one.
    const turn = await measureQuietly(measure, { look: looks(0.9, 0, 0.5, 0, 0), pause, onLoad });
    expect(turn).toEqual({ result: 2, isQuiet: true });
    expect(said).toEqual([
      [0.9, true],
      [0.5, true],
    ]);
    const loaded = await measureQuietly(measure, { attempts: 2, look: looks(1, 1, 1), pause, onLoad });
    expect(loaded).toEqual({ result: 3, isQuiet: false });
    expect(said.at(-1)).toEqual([1, false]);
  });

  it('is loaded by the share of all cores that is used', async () => {
    const usages = [
      { used: 10, total: 100 },
      { used: 60, total: 200 },
    ];
    const quiet = await lookForQuiet(() => usages.shift()!, 0);
    expect(quiet).toEqual({ busy: 0.5, isQuiet: false });
  });
});

describe('benches', () => {
  it('are printed as one table, a row for each side', () => {
    const ours = { milliseconds: 100, fastestMilliseconds: 90, middleHalf: [95, 110], residentMegabytes: 500 } as const;
    const against = (rival: string, milliseconds: number) => ({
      against: rival,
      ratio: milliseconds / 100,
      fastestRatio: 1,
      torchVersion: '2.13',
      torch: { milliseconds, fastestMilliseconds: 90, residentMegabytes: 250 },
    });
    const report = {
      name: 'crnn',
      threads: 2,
      size: {},
      ours,
      ...against('torch', 120),
      others: [against('hf-trainer', 80)],
    };
    expect(stepsTable([report]).split('\n')).toEqual([
      '| bench | ours, ms | against | theirs, ms | ratio | of the fastest | memory |',
      '| --- | ---: | --- | ---: | ---: | ---: | ---: |',
      '| crnn | 100 (95–110) | torch 2.13 | 120 | 1.20 | 1.00 | 0.50 |',
      '| crnn | 100 (95–110) | hf-trainer 2.13 | 80 | 0.80 | 1.00 | 0.50 |',
    ]);
  });

  it('are found by their file names', async () => {
    const names = await benchNames();
    expect(names).toContain('masked-words');
    expect(names).not.toContain('run');
    await expect(loadBench('masked')).rejects.toThrow(/no bench 'masked'. Benches: .*masked-words/);
  });

  it('all load, and those against PyTorch have their Python file', async () => {
    for (const name of await benchNames()) {
      const bench = await loadBench(name);
      expect(bench.summary).not.toBe('');
      const python = path.resolve('bench/torch', `${name.replaceAll('-', '_')}.py`);
      expect({ name, python: existsSync(python) }).toEqual({
        name,
        python: 'workload' in bench || bench.comparesTrainings === true,
      });
    }
  });

  it('know a median', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('make texts as uneven as language, without special tokens, the same each time', () => {
    const textOf = syntheticTexts(1000, 50, 1);
    const texts = Array.from({ length: 200 }, (_, index) => textOf(index));
    expect(textOf(7)).toEqual(texts[7]);
    const tokens = texts.flatMap((text) => [...text]);
    expect(Math.min(...tokens)).toBe(5);
    expect(Math.max(...tokens)).toBeLessThan(1000);
    // Zipf: the commonest of 995 is one in 7.5 (the harmonic number H₉₉₅ = 7.48).
    const commonest = tokens.filter((token) => token === 5).length / tokens.length;
    expect(commonest).toBeCloseTo(1 / 7.48, 1);
    expect(new Set(texts.map((text) => text.length)).size).toBeGreaterThan(5);
    expect(texts.filter((text) => text.length === 50).length).toBeGreaterThan(150);
  });
});
