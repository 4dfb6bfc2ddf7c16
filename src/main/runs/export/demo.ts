/** demo: one HTML page that shows what a model can do, for people who have no lab. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBytes } from '../../../shared/display.ts';
import { LabError } from '../../../shared/errors.ts';
import { labVersion } from '../../files/version.ts';
import { demoFormOf } from '../../tasks/demo-form.ts';
import { demoPage } from './demo-page.ts';
import { defineFormat } from './format.ts';
import { loadPlayerCode } from './player-code.ts';
import { weightsOf } from './weights.ts';

/** Browsers hold a page and its weights several times over while they open it. */
const largestWeights = 200 * 2 ** 20;

defineFormat({
  name: 'demo',
  title: 'Demo page',
  summary:
    'One HTML file with the network inside, to be asked in any browser, without a connection: for talks and colleagues',
  options: [],
  refusal({ model }) {
    return model.task.predict ? undefined : `the task ${model.task.type} predicts nothing that could be shown`;
  },
  async write(source, folder, { signal, onPhase }) {
    onPhase('Preparing the page');
    const { model, name, task, step, tokenizerFile } = source;
    const weights = weightsOf(source);
    const bytes = [...weights.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    if (bytes > largestWeights) {
      throw new LabError(
        'too-large',
        `The weights take ${formatBytes(bytes)}, and a page holds ${formatBytes(largestWeights)} at most. Export it as onnx instead`,
        { bytes },
      );
    }
    const { binary, ...code } = await loadPlayerCode(signal);
    signal.throwIfAborted();
    onPhase('Writing the page');
    const data = {
      formatVersion: 1,
      name,
      form: demoFormOf(model.task, model.facts.input.kind),
      task,
      pipeline: model.pipeline,
      facts: model.facts,
      tokenizer: tokenizerFile === undefined ? null : await readFile(tokenizerFile, 'utf8'),
      weights: [...weights].map(([name, { shape }]) => ({ name, shape })),
      examples: model.task.demo?.examples ?? [],
      origin: source.trained ? `Run ${source.id}, step ${String(step)}` : `Model ${source.id}`,
      lab: labVersion(),
    };
    const all = Buffer.concat(
      [...weights.values()].map(({ data: one }) => Buffer.from(one.buffer, one.byteOffset, one.byteLength)),
    );
    const page = demoPage({
      ...code,
      title: `${name}: ${model.task.title}`,
      data: { model: JSON.stringify(data), weights: all.toString('base64'), binary },
    });
    await writeFile(join(folder, 'demo.html'), page);
    return { files: ['demo.html'], notes: [`Open demo.html in a browser; it needs neither a connection nor the lab`] };
  },
});
