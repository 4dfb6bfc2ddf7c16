/** ONNX: one file with the network and its weights, for ONNX Runtime and whatever else reads the standard. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatNumber } from '../../../shared/display.ts';
import { labVersion } from '../../files/version.ts';
import { quantiseWeights } from '../../formats/onnx/quantise.ts';
import { writeOnnx } from '../../formats/onnx/write.ts';
import { describeNetwork } from './describe-network.ts';
import type { WrittenExport } from './format.ts';
import { defineFormat } from './format.ts';
import { networkGraph } from './network-graph.ts';
import { onnxReadme } from './onnx-readme.ts';
import type { RoundedAccuracy } from './rounded-accuracy.ts';
import { measureRounding } from './rounded-accuracy.ts';

defineFormat({
  name: 'onnx',
  title: 'ONNX',
  summary:
    'One network file for ONNX Runtime in Python, JavaScript, C++, C# and on phones, with lines of code that run it',
  options: ['quantize'],
  refusal: () => undefined,
  async write(source, folder, { settings, signal, onPhase }): Promise<WrittenExport> {
    onPhase('Building the network');
    const { graph, symbolicSizes } = networkGraph(source);
    const quantised = settings.quantize === 'int8' ? quantiseWeights(graph) : undefined;
    signal.throwIfAborted();
    if (quantised) onPhase('Measuring what rounding costs');
    const accuracy = quantised && (await measureRounding(source, quantised.rounded, signal));
    const description = describeNetwork(source, graph.inputs, graph.outputs);
    const about = {
      ...description,
      symbolicSizes,
      quantisation: quantised ? { weights: 'int8', ...(accuracy && { accuracy }) } : null,
    };
    onPhase('Writing the network');
    const bytes = writeOnnx(quantised?.graph ?? graph, {
      producerVersion: labVersion(),
      documentation: `${source.name}: ${source.model.task.title}, from Pretext Lab`,
      metadata: {
        task: source.model.task.type,
        labels: JSON.stringify(description.labels),
        preprocessing: JSON.stringify(description.preprocessing),
        [source.trained ? 'run' : 'model']: source.id,
      },
    });
    await writeFile(join(folder, 'model.onnx'), bytes);
    await writeFile(join(folder, 'model.json'), `${JSON.stringify(about, null, 2)}\n`);
    await writeFile(join(folder, 'README.md'), onnxReadme(source, about));
    const tokenizer = source.tokenizerFile;
    if (tokenizer !== undefined) await copyFile(tokenizer, join(folder, 'tokenizer.json'));
    const files = ['model.onnx', 'model.json', ...(tokenizer === undefined ? [] : ['tokenizer.json']), 'README.md'];
    return { files, notes: [...sizeNotes(symbolicSizes), ...(quantised ? roundingNotes(accuracy) : [])] };
  },
});

function sizeNotes(symbolicSizes: readonly string[]): string[] {
  if (symbolicSizes.includes('batch')) return [];
  return ['This network compares the examples of one question with each other, so it takes one question at a time'];
}

function roundingNotes(accuracy: RoundedAccuracy | undefined): string[] {
  if (!accuracy) return ['There is no data here to measure with, or it has changed: what rounding costs is not known'];
  const { split, before, after } = accuracy;
  const changes = Object.entries(before).map(
    ([name, value]) => `${name} ${formatNumber(value, 4)} → ${formatNumber(after[name] ?? Number.NaN, 4)}`,
  );
  return [`Weights as 8-bit integers, on the ${split} split: ${changes.join(', ')}`];
}
