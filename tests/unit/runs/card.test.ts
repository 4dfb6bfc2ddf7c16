/** Audit cards: of a real run and a real study, as data, Markdown and HTML; and what is said of energy. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importTextDataset } from '../../../src/main/data/text/import-dataset.ts';
import { loadRunCard, loadStudyCard, loadStudyReport } from '../../../src/main/runs/card/load-card.ts';
import { createRun } from '../../../src/main/runs/create-run.ts';
import { estimateEnergy, measureEnergy } from '../../../src/main/runs/energy.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { parseStudy } from '../../../src/main/runs/study-plan.ts';
import { runStudy } from '../../../src/main/runs/study.ts';
import type { AuditCard } from '../../../src/shared/card/card.ts';
import { auditCard } from '../../../src/shared/card/card.ts';
import { cardAsHtml } from '../../../src/shared/card/html.ts';
import { chartColours } from '../../../src/shared/chart-colours.ts';
import { formatNumber } from '../../../src/shared/display.ts';
import type { StudyResult } from '../../../src/shared/spec/study.ts';
import { cardAsMarkdown } from '../../../src/shared/card/markdown.ts';
import { findRun, readRun } from '../../../src/main/workspace/runs.ts';
import { temporaryFolder } from '../data-text-fixtures.ts';
import type { TinyWorkspace } from '../../tiny-workspace.ts';
import { createTinyWorkspace, tinyDocument, tinyExperiment } from '../../tiny-workspace.ts';

let tiny: TinyWorkspace;
let answer: StudyResult;

const study = `
name: letters
notes: Does a larger rate help?
experiment:
  task: {type: text-classification, length: 16, validationFraction: 0.3, testFraction: 0.3}
  data: rows
  tokenizer: {corpus: tiny}
  pipeline: {preset: bert-tiny, options: {layers: 1, hiddenSize: 8, heads: 2, maximumLength: 16}}
  training: {steps: 2, batchSize: 8}
  engine: {threads: 1}
arms: [{name: fast, settings: {training.learningRate: 0.01}}, {name: slow}]
seeds: [1, 2]
`;

beforeAll(async () => {
  tiny = await createTinyWorkspace();
  const { workspace, folder } = tiny;
  const rows = Array.from({ length: 60 }, (_, index) => {
    const label = tinyDocument(index).includes('river') ? 'river' : 'dry';
    return JSON.stringify({ label, text: tinyDocument(index).slice(0, 90 + index) });
  });
  await writeFile(join(folder, 'rows.jsonl'), rows.join('\n'));
  const sources = [join(folder, 'rows.jsonl')];
  await importTextDataset({ sources, folder: join(workspace.datasets, 'rows'), name: 'rows' });
  const source = parseSpecText(study, 'letters.yaml');
  answer = (await runStudy(workspace, parseStudy(source), source, {
    signal: new AbortController().signal,
    prefetch: false,
  }))!;
});

afterAll(() => tiny.remove());

/** All that a card says under a title. */
function under(card: AuditCard, title: string): string {
  return JSON.stringify(card.sections.find((section) => section.title === title)?.items);
}

describe('the card of a run', () => {
  it('says what was trained on, against what, by whom and how long', async () => {
    const run = await findRun(tiny.workspace, 'letters.all.slow.1');
    const { origin, result } = await readRun(run);
    const card = await loadRunCard(tiny.workspace, run);
    expect(auditCard.parse(JSON.parse(JSON.stringify(card)))).toEqual(card);
    expect(card.summary).toMatch(/^Accuracy 0\.\d{3} \[.*\].* on the test split\.$/);
    expect(under(card, 'Data')).toContain(origin.data.contentHash);
    expect(under(card, 'Data')).toContain(origin.tokenizer!.sha256);
    expect(under(card, 'Data')).toContain('"river"');
    expect(under(card, 'Baselines')).toContain(result!.baselines[0]!.name);
    expect(under(card, 'Leaks')).toContain('test examples');
    expect(under(card, 'Computer, time and energy')).toContain(result!.machine!.processor);
    expect(under(card, 'Computer, time and energy')).toMatch(/assumed for the processor|RAPL/);
    expect(under(card, 'Experiment')).toContain('bert-tiny');
  });

  it('that is not finished, or whose material has gone, says so', async () => {
    const fresh = await createRun(tiny.workspace, tinyExperiment());
    expect((await loadRunCard(tiny.workspace, fresh)).summary).toBe('No result: the run is created.');
    await rm(join(tiny.workspace.corpora, 'tiny', 'manifest.json'));
    expect(under(await loadRunCard(tiny.workspace, fresh), 'Data')).toContain('no longer in the workspace');
  });
});

it('the card of a study has its verdict, every run and all seeds', async () => {
  const card = (await loadStudyCard(tiny.workspace, 'letters'))!;
  expect(auditCard.parse(JSON.parse(JSON.stringify(card)))).toEqual(card);
  expect(card.summary).not.toBe('No verdict yet.');
  expect(under(card, 'Answer')).toContain('Does a larger rate help?');
  const spread = card.sections.find(({ title }) => title === 'Seeds and spread')!.items[1]!;
  expect(spread.kind === 'table' && spread.rows).toHaveLength(4);
  expect(under(card, 'Leaks')).toContain('slow');
  expect(under(card, 'Computer, time and energy')).toContain('for 4 runs');
  expect(await loadStudyCard(tiny.workspace, 'no-such')).toBeUndefined();
});

it('the report of a study has notes, verdict, charts, tables and card in one file', async () => {
  const card = (await loadStudyCard(tiny.workspace, 'letters'))!;
  const html = (await loadStudyReport(tiny.workspace, 'letters'))!;
  expect(html).not.toMatch(/<script|https?:|src=/);
  expect(html).toContain('Does a larger rate help?');
  for (const { title } of card.sections) expect(html).toContain(`<h2>${title}</h2>`);
  const { arms, gains } = answer;
  const [first, second] = html.match(/<figure>.*?<\/figure>/gsu)!;
  // A dot for each arm's mean, with its value, and one for each gain.
  for (const { title, mean } of arms) expect(first).toContain(`<title>${title}: ${formatNumber(mean)}</title>`);
  expect(second!.match(/<circle/gu)).toHaveLength(gains.length);
  const colour = (title: string): string | undefined =>
    new RegExp(`fill="([^"]*)"/><text [^>]*>${title}</text>`, 'u').exec(first)?.[1];
  const titles = [...new Map(arms.map(({ arm, title }) => [arm, title])).values()];
  expect(colour(titles.at(-1)!)).toBe('var(--series-2)'); // the reference: from scratch
  expect(new Set(titles.map(colour)).size).toBe(titles.length);
  expect(html).toContain(`--series-1: ${chartColours[0]![0]};`);
  expect(html).not.toContain('NaN');
  expect(await loadStudyReport(tiny.workspace, 'no-such')).toBeUndefined();
});

describe('a card in writing', () => {
  const nasty = '<script>alert(1)</script> | *a* `b`\n# no heading & "quotes"';
  const card: AuditCard = {
    formatVersion: 1,
    of: 'run',
    name: nasty,
    summary: nasty,
    lab: '1.0.0',
    sections: [
      {
        title: nasty,
        items: [
          { kind: 'warning', text: nasty },
          { kind: 'facts', facts: [{ term: nasty, value: nasty }] },
          { kind: 'table', caption: nasty, columns: [{ title: nasty, align: 'right' }], rows: [[nasty]] },
          { kind: 'code', text: 'a\n```\nb' },
        ],
      },
    ],
  };

  it('as HTML needs nothing else and runs nothing', () => {
    const html = cardAsHtml(card);
    expect(html).not.toMatch(/<script|https?:|src=/);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).toContain('prefers-color-scheme: dark');
    expect(html.match(/<th scope="col" class="right">/g)).toHaveLength(1);
  });

  it('as Markdown keeps its lines and cells apart', () => {
    const lines = cardAsMarkdown(card).split('\n');
    expect(lines.filter((line) => line.startsWith('#'))).toHaveLength(2); // the title and one section
    const row = lines.findLast((line) => line.startsWith('| '))!;
    expect(row.match(/(?<!\\)\|/g)).toHaveLength(2);
    expect(row).not.toContain('<script>'.replace('<', ' <'));
    expect(lines.filter((line) => line === '````')).toHaveLength(2);
  });
});

describe('energy', () => {
  it('is read from the counters of every package, which begin anew', async () => {
    const folder = temporaryFolder();
    const write = async (name: string, microjoules: number): Promise<void> => {
      await mkdir(join(folder, name), { recursive: true });
      await writeFile(join(folder, name, 'energy_uj'), `${microjoules}\n`);
      await writeFile(join(folder, name, 'max_energy_range_uj'), '1000000\n');
    };
    await write('intel-rapl:0', 900_000);
    await write('intel-rapl:1', 100_000);
    await write('intel-rapl:0:0', 5); // a part of a package that is counted already
    const energy = measureEnergy(folder);
    await write('intel-rapl:0', 150_000);
    await write('intel-rapl:1', 400_000);
    expect(energy(10, 1)).toEqual({ source: 'rapl', joules: 0.55, watts: null });
  });

  it('is time times an assumed power where there are none', () => {
    expect(measureEnergy(join(temporaryFolder(), 'none'))(10, null)).toMatchObject({ source: 'estimate', joules: 650 });
    expect(estimateEnergy(10, 2, 8)).toEqual({ source: 'estimate', joules: 162.5, watts: 16.25 });
  });
});
