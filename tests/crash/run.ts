// npm run test:crash -- --kills 100 --seed 1     kills processes between two calls to the file system
// npm run test:crash -- --faults                every call of every operation fails in turn, once and for ever
import { parseArgs } from 'node:util';
import { crashTest } from './crash-test.ts';
import { tryFaults } from './faults.ts';
import { operationNames, prepareOperations } from './operations.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    faults: { type: 'boolean', default: false },
    /** Of the faults: an operation by its name. */
    only: { type: 'string' },
    /** Of each operation and each kind of fault; all unless it is said. */
    most: { type: 'string', default: 'Infinity' },
  },
});

async function everyFault(mostOfEach: number): Promise<number> {
  const { tiny, operations } = await prepareOperations();
  let lost = 0;
  try {
    for (const name of operationNames.filter((one) => values.only === undefined || one === values.only)) {
      const { calls, tried, problems } = await tryFaults(tiny.workspace, operations[name], { mostOfEach });
      for (const problem of problems) process.stdout.write(`LOST  ${name}: ${problem}\n`);
      process.stdout.write(`${name}: ${calls} calls, ${tried} faults, ${problems.length} losses\n`);
      lost += problems.length;
    }
  } finally {
    await tiny.remove();
  }
  return lost;
}

async function kill(): Promise<number> {
  const report = await crashTest(Number(values.kills), Number(values.seed), (line) => {
    process.stderr.write(`${line}\n`);
  });
  for (const one of report.lost) process.stdout.write(`LOST  ${one}\n`);
  const done = Object.entries(report.byOperation).map(([name, count]) => `${name} ${count}`);
  process.stdout.write(`${report.kills} kills (${done.join(', ')}), ${report.lost.length} losses\n`);
  return report.lost.length;
}

const losses = values.faults ? await everyFault(Number(values.most)) : await kill();
process.exitCode = losses > 0 ? 1 : 0;
