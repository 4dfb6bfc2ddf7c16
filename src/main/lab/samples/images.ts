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
  experiments: [],
};

async function makeImages(
  { workspace, signal, onProgress }: SampleRequest,
  group: 'corpus' | 'dataset',
): Promise<void> {
  const { mnistSource } = await import('../../data/samples/mnist.ts');
  const { importImageCorpus, importImageDataset } = await import('../../data/images/import.ts');
  const { materialFolder } = await import('../catalogue.ts');
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
