/** Datasets on the command line: looked at before they are imported, edited with a way back, and told of by runs. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataChange, describeChange } from '../../src/main/runs/changed-data.ts';
import { findMaterial } from '../../src/main/workspace/catalogue.ts';
import { openWorkspace } from '../../src/main/workspace/workspace.ts';
import { runScores } from '../../src/shared/contract/scores.ts';
import { pretextInProcess } from './in-process.ts';

let folder: string;
const table = (): string => join(folder, 'reviews.csv');

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pretext-datasets-'));
  process.env.PRETEXT_WORKSPACE = join(folder, 'workspace');
  const rows = Array.from({ length: 120 }, (_, at) => {
    const label = at < 60 ? 'good' : at < 116 ? 'bad' : 'odd';
    return `text number ${at},${label},${at % 4 === 0 ? 'test' : at % 4 === 1 ? 'dev' : 'train'}`;
  });
  writeFileSync(table(), `text,label,split\n${rows.join('\n')}\n`);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const pretext = (line: string) => pretextInProcess(...line.split(' '));

describe('a dry run', () => {
  it('shows the classes on each side of an official split, and makes no workspace', async () => {
    const { code, out } = await pretext(`dataset import reviews ${table()} --dry-run`);
    expect(code).toBe(0);
    expect(out).toMatch(/sides by split, rows +training +validation +test/);
    expect(out).toMatch(/odd +2 +1 +1/);
    expect(existsSync(join(folder, 'workspace'))).toBe(false);
  });

  it('says where what is asked for does not fit: the kind, the column of groups, the table of labels', async () => {
    const { out } = await pretext(
      `dataset import reviews ${table()} --dry-run --group-column author --label-table ${table()}.none`,
    );
    expect(out).toMatch(/Problem: .*has no column “author”; it has “text”, “label”, “split”/);
    expect(out).toMatch(/Problem: there is no label table .*none/);
    const images = await pretext(`dataset import reviews ${table()} --dry-run --images`);
    expect(images.out).toContain('Problem: these look like labelled text, and are to be imported as labelled images');
    const fitting = await pretext(`dataset import reviews ${table()} --dry-run --group-column split`);
    expect(fitting.out).not.toContain('Problem');
  });

  it('suggests to keep the split', async () => {
    const { out } = await pretext(`--json dataset import reviews ${table()} --dry-run`);
    expect(JSON.parse(out)).toMatchObject({ suggestion: { kind: 'text-dataset', splitColumn: 'split' } });
  });
});

describe('the classes of a dataset', () => {
  it('are renamed, merged, dropped and relabelled in the order that was written, and put back', async () => {
    await pretext(`dataset import reviews ${table()}`);
    const { out: before } = await pretext('--json dataset show reviews');
    const line =
      'dataset edit reviews --rename odd=strange --relabel 0-1,5=bad --merge strange,bad=bad --rename good=fine';
    const { code, out, err } = await pretext(line);
    expect([code, err.trim()]).toEqual([0, '4 changes in all; runs that were trained before say so']);
    expect(out).toContain('renamed “odd” to “strange”');
    expect(out).toContain('relabelled 3 examples as “bad”');
    expect(out).toContain('merged “strange”, “bad” into “bad”');
    const { out: after } = await pretext('--json dataset show reviews');
    expect(JSON.parse(after)).toMatchObject({
      classes: [
        { name: 'bad', examples: 63 },
        { name: 'fine', examples: 57 },
      ],
    });
    expect((await pretext('dataset edit reviews --drop good')).err).toContain('There is no class “good”');
    expect((await pretext('dataset edit reviews --rename fine')).code).toBe(2);
    const log = JSON.parse((await pretext('--json dataset edit reviews')).out) as { edits: unknown[] };
    expect(log.edits).toHaveLength(4);
    await pretext('dataset edit reviews --undo 4');
    expect((await pretext('--json dataset show reviews')).out).toBe(before);
    expect((await pretext('dataset edit reviews')).err).toContain('reviews is as it was imported');
  });

  it('are told to runs of before, with the way back', async () => {
    const workspace = await openWorkspace();
    const before = await findMaterial(workspace, 'dataset', 'reviews');
    const data = { kind: before.kind, name: before.name, contentHash: before.contentHash };
    expect(await describeChange(before, data)).toBeUndefined();
    await pretext('dataset edit reviews --drop odd');
    await pretext('dataset edit reviews --rename good=fine');
    expect(await dataChange(workspace, data)).toBe(
      "has been edited since (dropped “odd”; renamed “good” to “fine”); 'pretext dataset edit reviews --undo 2' brings it back",
    );
    const between = (await findMaterial(workspace, 'dataset', 'reviews')).contentHash;
    expect(await dataChange(workspace, { ...data, contentHash: between })).toBeUndefined();
    expect(await dataChange(workspace, { ...data, contentHash: '0'.repeat(64) })).toContain('imported again');
    expect(await dataChange(workspace, { ...data, name: 'gone' })).toBe('is no longer there');
    await pretext('dataset edit reviews --undo 2');
    expect(await dataChange(workspace, data)).toBeUndefined();
  });

  it('are told on every side before a run is created', async () => {
    await pretext(`corpus import words ${table()} --vocabulary-size 60`);
    const spec = join(folder, 'probe.yaml');
    const lines = [
      'name: probe',
      'task: { type: text-classification, length: 8 }',
      'data: reviews',
      'tokenizer: { corpus: words }',
      'pipeline: { preset: bert-tiny, options: { layers: 1, hiddenSize: 8, heads: 2, maximumLength: 16 } }',
      'training: { steps: 1, batchSize: 8 }',
      'seed: 1',
    ];
    writeFileSync(spec, lines.join('\n'));
    const plan = await pretext(`run ${spec} --dry-run`);
    if (plan.code !== 0) throw new Error(plan.err);
    expect(plan.out).toMatch(/class +training +validation +test/);
    expect(plan.out).toContain('Fewer than 10 test examples of “odd”');
    const { code, err } = await pretext(`run ${spec}`);
    expect(code).toBe(0);
    expect(err.indexOf('Fewer than 10 test examples of “odd”')).toBeLessThan(err.indexOf('Run probe-'));
    expect(err).toMatch(/odd +\d+ +\d+ +\d+/);
  });

  it('are ranked by the run, whose thresholds and calibration can be looked at', async () => {
    const { code, out } = await pretext('scores probe --class odd --threshold 0');
    expect(code).toBe(0);
    expect(out).toMatch(/AUROC +\d\.\d{3}/);
    expect(out).toMatch(/calibration error +\d\.\d{3}, \d\.\d{3} with the temperature/);
    expect(out).toMatch(/recall +1\.000/);
    const { out: json } = await pretext('--json scores probe --split validation');
    const { examples, roc, threshold } = runScores.parse(JSON.parse(json));
    const { truePositives, falsePositives, falseNegatives, trueNegatives } = threshold;
    expect(truePositives + falsePositives + falseNegatives + trueNegatives).toBe(examples);
    expect(roc.at(-1)).toEqual({ x: 1, y: 1 });
    expect((await pretext('scores probe --threshold 2')).err).toContain('a probability from 0 to 1');
    expect((await pretext('scores probe --class none')).err).toContain('There is no class “none”');
  });

  it('are told by the dry run of a study, and an empty side is an error there', async () => {
    const spec = join(folder, 'study.yaml');
    const study = (share: number): string =>
      [
        'name: looked',
        'experiment:',
        `  task: { type: text-classification, length: 8, validationFraction: ${share} }`,
        '  data: reviews',
        '  tokenizer: { corpus: words }',
        '  pipeline: { preset: bert-tiny, options: { layers: 1, hiddenSize: 8, heads: 2, maximumLength: 16 } }',
        '  training: { steps: 1, batchSize: 8 }',
        'metric: accuracy',
        'seeds: [1]',
        'conditions: [{ name: all }]',
        'arms: [{ name: longer, settings: { training.steps: 2 } }, { name: scratch }]',
        '',
      ].join('\n');
    writeFileSync(spec, study(0.1));
    const looked = await pretext(`study ${spec} --dry-run`);
    expect([looked.code, looked.out.trim().split('\n').length]).toEqual([0, 2]);
    expect(looked.err).toMatch(/class +training +validation +test/);
    expect(looked.err).toContain('Fewer than 10 test examples of “odd”');
    expect(looked.err).toContain('2 runs, 2 trainings of networks');
    writeFileSync(join(folder, 'few.csv'), 'text,label\none good text,good\none bad text,bad\n');
    await pretext(`dataset import few ${join(folder, 'few.csv')}`);
    writeFileSync(spec, study(0.1).replaceAll('data: reviews', 'data: few'));
    const empty = await pretext(`study ${spec} --dry-run`);
    expect(empty.code).toBe(1);
    expect(empty.err).toMatch(/side has none of the 2 examples/);
    writeFileSync(spec, study(0.1).replaceAll('data: reviews', 'data: nowhere'));
    const missing = await pretext(`study ${spec} --dry-run`);
    expect([missing.code, missing.out.trim()]).toEqual([0, looked.out.trim()]);
    expect(missing.err).toContain('The data was not looked at');
  });
});
