/** safetensors: the weights alone, under the lab's names, for whoever rebuilds the network. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '../../formats/safetensors.ts';
import { describeNetwork } from './describe-network.ts';
import { defineFormat } from './format.ts';
import { weightsOf } from './weights.ts';

defineFormat({
  name: 'safetensors',
  title: 'safetensors',
  summary: "The weights alone, under the lab's names: for PyTorch, JAX and NumPy, and for fine-tuning in another lab",
  options: [],
  refusal: () => undefined,
  async write(source, folder, { onPhase }) {
    onPhase('Writing the weights');
    const { id, step, model, task, tokenizerFile } = source;
    const metadata = {
      format: 'pt',
      [source.trained ? 'run' : 'model']: id,
      step: String(step),
      task: model.task.type,
    };
    await writeSafetensors(join(folder, 'model.safetensors'), weightsOf(source), metadata);
    const about = { ...describeNetwork(source, [], []), pipeline: model.pipeline, options: task };
    await writeFile(join(folder, 'model.json'), `${JSON.stringify(about, null, 2)}\n`);
    if (tokenizerFile !== undefined) await copyFile(tokenizerFile, join(folder, 'tokenizer.json'));
    return {
      files: ['model.safetensors', 'model.json', ...(tokenizerFile === undefined ? [] : ['tokenizer.json'])],
      notes: ['Matrices of dense layers are [inputs, outputs], the transpose of what PyTorch has'],
    };
  },
});
