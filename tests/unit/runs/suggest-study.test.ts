/** The study that a page offers, on the command line; and that a study does not take runs on other data for its own. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pretextInProcess } from '../../cli/in-process.ts';
import { animalsStudy, createStudyWorkspace } from '../../tiny-study.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace } from '../../tiny-workspace.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { runStudy } from '../../../src/main/runs/study.ts';
import { parseStudy, planStudy } from '../../../src/main/runs/study-plan.ts';
import { suggestStudy } from '../../../src/main/runs/suggest-study.ts';
import { importDataset } from '../../../src/main/work/import-material.ts';
import { materialFolder } from '../../../src/main/workspace/catalogue.ts';

let tiny: TinyWorkspace;
beforeAll(async () => {
  tiny = await createStudyWorkspace();
});
afterAll(() => tiny.remove());

describe('a suggested study', () => {
  it('is of the latest pretrained run, at budgets that the data has, beside methods without a network', async () => {
    const spec = await suggestStudy(tiny.workspace, { data: 'animals' });
    const source = { value: spec, locate: () => '' };
    const study = parseStudy(source);
    expect(study).toMatchObject({ name: 'tiny-words-on-animals', metric: 'macroF1', seeds: [1, 2, 3, 4, 5] });
    expect(study.arms.map(({ name }) => name)).toEqual(['pretrained', 'frozen', 'baseline', 'scratch']);
    const [run] = new Set(study.arms.flatMap(({ settings }) => settings['from.run'] ?? []));
    expect(run).toMatch(/^tiny-words-/u);
    for (const { experiment } of planStudy(study, source)) {
      const { total } = experiment.task.labelBudget as { total: number };
      expect(total).toBeLessThanOrEqual(120);
      expect(experiment.data).toBe('animals');
    }
  });

  it('is written as a file that the command takes', async () => {
    const file = join(tiny.folder, 'study.yaml');
    const at = ['--workspace', tiny.workspace.folder];
    const wishes = ['--from', 'tiny-words', '--budgets', '40,10', '--seeds', '2', '--name', 'mine'];
    const written = await pretextInProcess('study', 'suggest', 'animals', ...wishes, '-o', file, ...at);
    expect(written).toMatchObject({ code: 0, out: '' });
    const study = parseStudy(parseSpecText(await readFile(file, 'utf8'), file));
    expect(study.conditions.map(({ name }) => name)).toEqual(['10-labels', '40-labels']);
    const listed = await pretextInProcess('study', file, '--dry-run', ...at);
    expect(listed.out.split('\n').filter((line) => line.startsWith('mine.'))).toHaveLength(2 * 4 * 2);

    const again = await pretextInProcess('study', 'suggest', 'animals', '-o', file, ...at);
    expect(again.code).toBe(1);
    expect(again.err).toContain(file); // a file of somebody is not overwritten
  });

  it('says what is missing', async () => {
    await expect(suggestStudy(tiny.workspace, { data: 'animals', task: 'image-classification' })).rejects.toMatchObject(
      {
        code: 'bad-input',
        message: expect.stringContaining('these do: text-classification'),
      },
    );
    await expect(suggestStudy(tiny.workspace, { data: 'animal' })).rejects.toMatchObject({ code: 'not-found' });
    const other = await createTinyWorkspace();
    try {
      await importDataset(other.workspace, 'animals', { sources: [join(tiny.folder, 'animals.jsonl')] });
      await expect(suggestStudy(other.workspace, { data: 'animals' })).rejects.toMatchObject({
        code: 'bad-input',
        message: expect.stringContaining('train a pretext task first'),
      });
    } finally {
      await other.remove();
    }
  });
});

it('a study trains again where its data has been imported again with other contents', async () => {
  const source = parseSpecText(animalsStudy('changed', [1]), 'study');
  const { signal } = new AbortController();
  const reusedOf = async (): Promise<readonly boolean[]> => {
    const all: boolean[] = [];
    await runStudy(tiny.workspace, parseStudy(source), source, {
      signal,
      prefetch: false,
      onCell: (_cell, _index, _total, reused) => all.push(reused),
    });
    return all;
  };
  expect(await reusedOf()).toEqual([false, false, false, false]);
  expect(await reusedOf()).toEqual([true, true, true, true]);
  const rows = (await readFile(join(tiny.folder, 'animals.jsonl'), 'utf8')).split('\n');
  await writeFile(join(tiny.folder, 'other.jsonl'), rows.slice(0, -20).join('\n'));
  await rm(materialFolder(tiny.workspace, 'dataset', 'animals'), { recursive: true });
  await importDataset(tiny.workspace, 'animals', { sources: [join(tiny.folder, 'other.jsonl')] });
  expect(await reusedOf()).toEqual([false, false, false, false]);
});
