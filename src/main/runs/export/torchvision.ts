/** torchvision: the weights of ResNets and MobileNetV2 under the names of torchvision, with the code that builds the network again. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../../shared/errors.ts';
import type { PipelineGraph } from '../../../shared/spec/pipeline.ts';
import { writeSafetensors } from '../../formats/safetensors.ts';
import type { NetworkDescription } from './describe-network.ts';
import { describeNetwork, provenanceOf } from './describe-network.ts';
import { defineFormat } from './format.ts';
import { pythonPicture } from './python-picture.ts';
import type { ExportSource, ExportSubject } from './source.ts';
import { mobilenetOf } from './torchvision/mobilenet.ts';
import type { TorchvisionNetwork } from './torchvision/network.ts';
import { torchvisionTensors } from './torchvision/network.ts';
import { resnetOf } from './torchvision/resnet.ts';
import type { Weight } from './weights.ts';
import { weightsOf } from './weights.ts';

/** The network of torchvision that computes the same, or why there is none. */
function counterpartOf({ model }: ExportSubject): TorchvisionNetwork | string {
  const { input } = model.facts;
  if (input.kind !== 'image') return 'torchvision has no counterpart of a network that does not read pictures';
  if (input.channels !== 3) return 'the networks of torchvision read red, green and blue, and this one grey';
  return networkOf(model.pipeline);
}

function networkOf(pipeline: PipelineGraph): TorchvisionNetwork | string {
  const types = new Set(pipeline.blocks.map(({ type }) => type));
  if (types.has('inverted-residual')) return mobilenetOf(pipeline);
  if (types.has('residual') || types.has('bottleneck')) return resnetOf(pipeline);
  return `torchvision has no counterpart of this pipeline (${[...types].join(', ')}); the presets resnet18, resnet50 and mobilenet-v2 have one`;
}

/** The head where it is one dense layer from the features to the classes, as torchvision's is; undefined for any other. */
function linearHead(weights: ReadonlyMap<string, Weight>): string | undefined {
  const layers = new Set(
    [...weights.keys()].filter((name) => name.startsWith('head/')).map((name) => name.slice(0, name.lastIndexOf('/'))),
  );
  const [only] = layers;
  return layers.size === 1 && only !== undefined && weights.has(`${only}/bias`) ? only : undefined;
}

defineFormat({
  name: 'torchvision',
  title: 'torchvision',
  summary:
    'The weights of a ResNet or a MobileNetV2 under the names of torchvision, with lines of PyTorch that load them',
  options: [],
  refusal(subject) {
    const found = counterpartOf(subject);
    return typeof found === 'string' ? found : undefined;
  },
  async write(source, folder, { onPhase }) {
    const network = counterpartOf(source);
    if (typeof network === 'string') {
      throw new LabError('internal', 'a network without a counterpart was to be written');
    }
    onPhase('Writing the weights');
    const weights = weightsOf(source);
    const head = linearHead(weights);
    const tensors = torchvisionTensors(network, weights, head);
    await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
    const classes = head === undefined ? undefined : tensors.get(`${network.head}.bias`)?.data.length;
    const description = describeNetwork(source, [], []);
    const about = { ...description, preprocessing: { ...description.preprocessing, normalisation: 'outside' } };
    await writeFile(join(folder, 'model.json'), `${JSON.stringify(about, null, 2)}\n`);
    await writeFile(join(folder, 'README.md'), readme(source, network, about, classes));
    return {
      files: ['model.safetensors', 'model.json', 'README.md'],
      notes: [
        `${network.title} of torchvision; pictures are normalised before it, with the mean and deviation in model.json`,
        ...(head === undefined
          ? [`The head of the task ${source.model.task.type} stays here: the network gives features`]
          : []),
      ],
    };
  },
});

function readme(
  source: ExportSource,
  network: TorchvisionNetwork,
  about: NetworkDescription,
  classes: number | undefined,
): string {
  const answer =
    classes === undefined || !about.labels
      ? ['print(model(pixels).shape)']
      : ['for label, value in zip(about["labels"], model(pixels).softmax(1)[0]): print(label, float(value))'];
  return `# ${about.name}

${network.title}: ${source.model.task.title}. ${provenanceOf(about)} \`model.json\` has the classes in the order of the
outputs, and the size, mean and deviation of the pictures.

\`pip install torch torchvision safetensors pillow\`

\`\`\`python
${[
  'import json',
  'import numpy as np',
  'import torch',
  'import torchvision',
  'from safetensors.torch import load_file',
  '',
  'about = json.load(open("model.json"))',
  ...network.python(classes),
  'model.load_state_dict(load_file("model.safetensors"))',
  'model.eval()',
  '',
  ...pythonPicture(source),
  'mean, deviation = (np.array(about["preprocessing"][key], np.float32) for key in ("mean", "standardDeviation"))',
  'pixels = torch.from_numpy((pixels - mean) / deviation).permute(2, 0, 1)[None]',
  'with torch.no_grad():',
  ...answer.map((line) => `    ${line}`),
].join('\n')}
\`\`\`
`;
}
