/** tfjs: a graph model for TensorFlow.js, in browsers and in Node. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labVersion } from '../../files/version.ts';
import { packWeights, toTfjs } from '../../formats/tfjs/graph-model.ts';
import type { NetworkDescription } from './describe-network.ts';
import { describeNetwork, provenanceOf } from './describe-network.ts';
import { defineFormat } from './format.ts';
import { networkGraph } from './network-graph.ts';
import type { ExportSubject } from './source.ts';

/** As TensorFlow's own converter cuts them, so that browsers can keep them. */
const shardBytes = 4 * 2 ** 20;

defineFormat({
  name: 'tfjs',
  title: 'TensorFlow.js',
  summary: 'A graph model that @tensorflow/tfjs loads: for pages that you write yourself',
  options: [],
  refusal: () => undefined,
  async write(source, folder, { signal, onPhase }) {
    onPhase('Building the network');
    const { graph, symbolicSizes } = networkGraph(source);
    const { topology, weights } = toTfjs(graph, `Pretext Lab ${labVersion()}`);
    signal.throwIfAborted();
    onPhase('Writing the network');
    const { bytes, specs } = packWeights(weights);
    const count = Math.max(1, Math.ceil(bytes.length / shardBytes));
    const paths: string[] = [];
    for (let shard = 0; shard < count; shard += 1) {
      signal.throwIfAborted();
      const path = `group1-shard${String(shard + 1)}of${String(count)}.bin`;
      paths.push(path);
      await writeFile(join(folder, path), bytes.subarray(shard * shardBytes, (shard + 1) * shardBytes));
    }
    const about = { ...describeNetwork(source, graph.inputs, graph.outputs), symbolicSizes };
    const model = { ...topology, weightsManifest: [{ paths, weights: specs }], userDefinedMetadata: about };
    await writeFile(join(folder, 'model.json'), JSON.stringify(model));
    await writeFile(join(folder, 'README.md'), readme(source, about));
    const tokenizer = source.tokenizerFile;
    if (tokenizer !== undefined) await copyFile(tokenizer, join(folder, 'tokenizer.json'));
    return {
      files: ['model.json', ...paths, ...(tokenizer === undefined ? [] : ['tokenizer.json']), 'README.md'],
      notes: [
        'tf.loadGraphModel reads model.json from an address; userDefinedMetadata in it says what goes in and comes out',
      ],
    };
  },
});

function readme({ model }: ExportSubject, about: NetworkDescription): string {
  const feeds = about.inputs.map(({ name, type, shape }) => {
    const sizes = shape.map((size) => (typeof size === 'number' ? String(size) : '1')).join(', ');
    return `  ${name}: tf.zeros([${sizes}], '${type === 'int64' ? 'int32' : type}'),`;
  });
  const [output] = about.outputs;
  const rows = [...about.inputs, ...about.outputs].map(
    ({ name, shape, meaning }) => `| \`${name}\` | ${shape.join(' × ')} | ${meaning} |`,
  );
  return `# ${about.name}

${model.task.title}. ${provenanceOf(about)}

| Name | Shape | |
| --- | --- | --- |
${rows.join('\n')}

\`npm install @tensorflow/tfjs\`

\`\`\`js
import * as tf from '@tensorflow/tfjs';

const model = await tf.loadGraphModel('model.json');
const about = model.modelTopology && (await (await fetch('model.json')).json()).userDefinedMetadata;
const ${output?.name ?? 'logits'} = model.execute({
${feeds.join('\n')}
}, '${output?.name ?? 'logits'}');
console.log(await ${output?.name ?? 'logits'}.array(), about.labels);
\`\`\`
`;
}
