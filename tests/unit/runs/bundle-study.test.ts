// A study as a bundle: all of its runs, the pretraining they come from, its data and its table, which say the same in another lab.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createBundle } from '../../../src/main/runs/bundle/create.ts';
import { openBundle } from '../../../src/main/runs/bundle/open.ts';
import { verifyBundle } from '../../../src/main/runs/bundle/verify.ts';
import { loadStudyCard } from '../../../src/main/runs/card/load-card.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { runStudy } from '../../../src/main/runs/study.ts';
import { parseStudy } from '../../../src/main/runs/study-plan.ts';
import { listRuns } from '../../../src/main/workspace/runs.ts';
import { openWorkspace } from '../../../src/main/workspace/workspace.ts';
import { animalsStudy, createStudyWorkspace } from '../../tiny-study.ts';

it('holds its runs, their lineage, data and table', async () => {
  const tiny = await createStudyWorkspace();
  try {
    const { signal } = new AbortController();
    const source = parseSpecText(animalsStudy('animals-study', [1]), 'study.yaml');
    await runStudy(tiny.workspace, parseStudy(source), source, { signal, prefetch: false });
    const output = join(tiny.folder, 'study.zip');
    const quiet = { signal, onProgress: () => undefined };
    const { manifest } = await createBundle(tiny.workspace, 'animals-study', { ...quiet, output, data: 'include' });
    expect(manifest.subject).toEqual({ kind: 'study', name: 'animals-study' });
    expect(manifest.runs.map(({ role }) => role).sort()).toEqual(['lineage', ...Array<string>(4).fill('subject')]);

    const other = await openWorkspace(join(tiny.folder, 'other'));
    await openBundle(other, output, quiet);
    expect((await listRuns(other)).runs).toHaveLength(5);
    const table = 'studies/animals-study.json';
    expect(await readFile(join(other.folder, table), 'utf8')).toBe(
      await readFile(join(tiny.workspace.folder, table), 'utf8'),
    );
    const [here, there] = [
      await loadStudyCard(tiny.workspace, 'animals-study'),
      await loadStudyCard(other, 'animals-study'),
    ];
    expect(there).toEqual(here);
    expect(there).toBeDefined();

    const { rows } = await verifyBundle(output, { signal, onPhase: () => undefined });
    expect(new Set(rows.map(({ run }) => run)).size).toBe(5);
    expect(rows.filter(({ agreement }) => agreement !== 'same bits')).toEqual([]);
  } finally {
    await tiny.remove();
  }
});
