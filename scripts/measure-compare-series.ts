/**
 * `node scripts/measure-compare-series.ts`: how long the compare page waits for its lines. 50 runs of 10,000 steps lie in the database of a
 * temporary workspace; the lines of one metric are read as the page reads them, through the contract's checks.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareContract } from '../src/shared/contract/compare.ts';
import { median } from '../src/shared/stats.ts';
import { readSeries } from '../src/main/lab/run-series.ts';
import { openDatabase } from '../src/main/lab/store/database.ts';
import { createPointStore } from '../src/main/lab/store/points.ts';
import { createRunStore } from '../src/main/lab/store/run-store.ts';
import { openWorkspace } from '../src/main/lab/workspace.ts';

const runs = 50;
const steps = 10_000;
const metrics = ['training.loss', 'training.gradientNorm'];
const repetitions = 7;

const folder = await mkdtemp(join(tmpdir(), 'pretext-bench-'));
try {
  const workspace = await openWorkspace(folder);
  const database = await openDatabase(join(folder, 'lab.sqlite'));
  const insert = database.prepare(
    "INSERT INTO runs (number, id, name, task, data, created_at, state, spec, origin, progress) VALUES (?, ?, 'r', 't', 'd', 0, 'finished', '{}', '{}', '{}')",
  );
  const points = createPointStore(database);
  const ids = Array.from({ length: runs }, (_, index) => `run-${index}`);
  const filling = performance.now();
  database.exec('BEGIN');
  for (const [index, id] of ids.entries()) {
    insert.run(index + 1, id);
    for (const metric of metrics) {
      const line = Array.from({ length: steps }, (_, step) => ({
        metric,
        step,
        session: 1,
        time: step * 100,
        relative: step * 100,
        value: Math.exp(-step / 3000) + 0.1 * Math.sin(step * (index + 1)),
      }));
      points.add(index + 1, line);
    }
  }
  database.exec('COMMIT');
  const filled = performance.now() - filling;
  const store = createRunStore(workspace, database);
  const { input, output } = compareContract.series;
  const measure = async (maximumPoints: number): Promise<void> => {
    const times: number[] = [];
    const processor: number[] = []; // what it takes of a machine that others use as well
    let bytes = 0;
    let most = 0;
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const started = performance.now();
      const used = process.cpuUsage();
      const request = input.parse({ ids, metrics: ['training.loss'], maximumPoints });
      const answer = output.parse({ series: await readSeries(store, request), bands: [] });
      bytes = JSON.stringify(answer).length;
      most = Math.max(...answer.series.map((series) => series.values.length));
      times.push(performance.now() - started);
      const { user, system } = process.cpuUsage(used);
      processor.push((user + system) / 1000);
    }
    const [least, greatest] = [Math.min(...times), Math.max(...times)];
    console.log(
      `${runs} runs × ${steps} points, at most ${maximumPoints} a line: median ${median(times).toFixed(0)} ms (${least.toFixed(0)} to ${greatest.toFixed(0)}), ${median(processor).toFixed(0)} ms of processor time, ${most} points a line, ${(bytes / 1e6).toFixed(2)} MB`,
    );
  };
  console.log(`${runs * steps * metrics.length} points stored in ${(filled / 1000).toFixed(1)} s`);
  for (const maximumPoints of [300, 1000]) await measure(maximumPoints);
  database.close();
} finally {
  await rm(folder, { recursive: true, force: true });
}
