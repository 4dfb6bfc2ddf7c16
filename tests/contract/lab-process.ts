// A lab in a process of its own, to be killed: opens the workspace, starts one endless run and queues another.
import { nodeProcesses } from '../../src/main/hosts/node/processes.ts';
import { createRun } from '../../src/main/runs/create-run.ts';
import { parseExperiment } from '../../src/main/runs/experiment.ts';
import { openLab } from '../../src/main/lab/lab.ts';
import { taskNotes } from '../../src/main/runs/task-notes.ts';

const [folder = '', spec = '{}'] = process.argv.slice(2);
const lab = await openLab({ folder, host: 'command-line', processes: nodeProcesses, tasks: taskNotes });
const experiment = parseExperiment({ value: JSON.parse(spec), locate: () => 'test' });
const first = (await createRun(lab.workspace, experiment)).id;
const second = (await createRun(lab.workspace, experiment)).id;
await lab.refresh();
lab.queue.enqueue([first, second]);
const timer = setInterval(() => {
  if (lab.runs.get(first).progress.step < 6) return;
  clearInterval(timer);
  process.send?.({ first, second, trainer: lab.queue.live(first)?.pid });
}, 20);
