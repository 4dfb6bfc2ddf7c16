// npm run test:crash -- --kills 100 --seed 1
import { parseArgs } from 'node:util';
import { crashTest } from './crash-test.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
const report = await crashTest(Number(values.kills), Number(values.seed), (line) => {
  process.stderr.write(`${line}\n`);
});
for (const one of report.lost) process.stdout.write(`LOST  ${one}\n`);
const done = Object.entries(report.byOperation).map(([name, count]) => `${name} ${count}`);
process.stdout.write(`${report.kills} kills (${done.join(', ')}), ${report.lost.length} losses\n`);
process.exitCode = report.lost.length > 0 ? 1 : 0;
