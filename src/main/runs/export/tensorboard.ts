/** tensorboard: the curves and histograms of a finished run as an event file, which TensorBoard, W&B and Aim read. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../../shared/errors.ts';
import { readHistograms } from '../../workspace/histogram-records.ts';
import { readEventLog } from '../../workspace/run-folder.ts';
import { eventFileName, recordsOf } from '../tensorboard-log.ts';
import { defineFormat } from './format.ts';

defineFormat({
  name: 'tensorboard',
  title: 'TensorBoard',
  summary:
    'The curves of the training and the histograms of its weights and gradients as an event file: for TensorBoard, W&B and Aim',
  options: [],
  refusal: ({ trained }) => (trained ? undefined : 'it was not trained here, so that there are no curves'),
  async write({ trained, id }, folder, { onPhase }) {
    if (!trained) throw new LabError('internal', 'a model without a training was to be written');
    onPhase('Writing the curves');
    const { events } = await readEventLog(trained.run);
    const [first] = events;
    if (!first) throw new LabError('not-found', `The run ${id} has no events`, { run: id });
    const { records } = await readHistograms(trained.run);
    const name = eventFileName(first.time, 1);
    await writeFile(join(folder, name), recordsOf(first, events, records));
    return { files: [name], notes: ['tensorboard --logdir shows the folder; several runs may lie beside each other'] };
  },
});
