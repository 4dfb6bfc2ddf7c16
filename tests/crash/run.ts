// npm run test:crash -- --kills 100 --seed 1     kills processes between two calls to the file system
// npm run test:crash -- --faults                every call of every operation fails in turn, once and for ever, and the power goes before each
//                                               of its changes and at its end
// npm run test:crash -- --faults --only train --part 2/8    an eighth of it
import { parseArgs } from 'node:util';
import type { Part } from './copies.ts';
import { crashTest } from './crash-test.ts';
import { tryFaults } from './faults.ts';
import { operationNames, prepareOperations } from './operations.ts';
import { tryPowerCuts } from './power-cuts.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    faults: { type: 'boolean', default: false },
    /** Of the faults: an operation by its name. */
    only: { type: 'string' },
    /** Of each operation and each kind of fault; all unless it is said. */
    most: { type: 'string', default: 'Infinity' },
    /** Of those, a part: the second of eight is 2/8. */
    part: { type: 'string', default: '1/1' },
  },
});

function parsePart(text: string): Part {
  const [number = 0, count = 0] = /^(\d+)\/(\d+)$/.exec(text)?.slice(1).map(Number) ?? [];
  if (number < 1 || number > count) {
    throw new Error(`--part is a number and how many there are, such as 2/8, not ${text}`);
  }
  return { index: number - 1, count };
}

async function everyFault(most: number, part: Part): Promise<number> {
  const names = operationNames.filter((one) => values.only === undefined || one === values.only);
  if (names.length === 0) throw new Error(`--only is one of: ${operationNames.join(', ')}`);
  const { tiny, operations } = await prepareOperations();
  let [tried, lost] = [0, 0];
  try {
    for (const name of names) {
      const faults = await tryFaults(tiny.workspace, operations[name], { mostOfEach: most, part });
      const cuts = await tryPowerCuts(tiny.workspace, operations[name], { most, part });
      const problems = [...faults.problems, ...cuts.problems];
      for (const problem of problems) process.stdout.write(`LOST  ${name}: ${problem}\n`);
      process.stdout.write(
        `${name}: ${faults.calls} calls, ${faults.tried} faults, ${cuts.tried} power cuts, ${problems.length} losses\n`,
      );
      tried += faults.tried + cuts.tried;
      lost += problems.length;
    }
  } finally {
    await tiny.remove();
  }
  process.stdout.write(`${names.length} operations, ${tried} faults and power cuts, ${lost} losses\n`);
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

const losses = values.faults ? await everyFault(Number(values.most), parsePart(values.part)) : await kill();
process.exitCode = losses > 0 ? 1 : 0;
