/** Handwritten digits: unlabelled images for pretext tasks on pictures, and the same kind of images with labels. */
import type { Sample, SampleRequest } from './sample.ts';

export const imageSample: Sample = {
  name: 'digits',
  title: 'Handwritten digits',
  summary: 'A part of MNIST, as unlabelled images and as a labelled set.',
  content: 'images',
  packages: ['mnist'],
  materials: [
    { group: 'corpus', name: 'digits', make: (request) => makeImages(request, 'corpus') },
    { group: 'dataset', name: 'digits', make: (request) => makeImages(request, 'dataset') },
  ],
  experiments: [
    {
      name: 'digits-pretraining',
      task: { type: 'patch-position', patchSize: 6 },
      data: 'digits',
      pipeline: { preset: 'patch-cnn', options: { width: 16, features: 128 } },
      training: { steps: 1000, batchSize: 64, learningRate: 2e-3, evaluateEvery: 200 },
    },
    {
      name: 'digits-pretrained',
      task: { type: 'image-classification', labelBudget: { perClass: 10 } },
      data: 'digits',
      pipeline: { preset: 'patch-cnn', options: { width: 16, features: 128 } },
      from: { run: 'digits-pretraining' },
      training: { steps: 100, batchSize: 32, learningRate: 1e-3 },
    },
    {
      name: 'digits-from-scratch',
      task: { type: 'image-classification', labelBudget: { perClass: 10 } },
      data: 'digits',
      pipeline: { preset: 'patch-cnn', options: { width: 16, features: 128 } },
      training: { steps: 100, batchSize: 32, learningRate: 1e-3 },
    },
  ],
};

async function makeImages(
  { workspace, signal, onProgress }: SampleRequest,
  group: 'corpus' | 'dataset',
): Promise<void> {
  const { mnistSource } = await import('../../data/samples/mnist.ts');
  const { importImageCorpus, importImageDataset } = await import('../../data/images/import.ts');
  const { materialFolder } = await import('../../workspace/catalogue.ts');
  const job = {
    source: mnistSource(),
    destination: materialFolder(workspace, group, 'digits'),
    name: 'digits',
    options: { size: 28, channels: 1, fit: 'contain' },
    signal,
    onProgress,
  } as const;
  if (group === 'corpus') await importImageCorpus(job);
  else await importImageDataset(job);
}
