/** Which examples to label next, as a page or a terminal shows them. */
import type { z } from 'zod';
import type { labellingContract, ProposedLabels } from '../../shared/contract/labelling.ts';
import { proposeNext } from '../runs/labelling/propose-next.ts';
import { findTrainedNetwork } from '../runs/trained-network.ts';
import { findMaterial } from '../workspace/catalogue.ts';
import { openBrowser } from './browse.ts';
import type { WorkContext } from './work-context.ts';

type Input = z.output<(typeof labellingContract)['next']['input']>;

/** Throws what `findTrainedNetwork`, `findMaterial` and `proposeNext` throw. */
export async function labelNext(
  { workspace, signal, progress }: WorkContext,
  { data, run, checkpoint, pictureSize, ...options }: Input,
): Promise<ProposedLabels> {
  const network = await findTrainedNetwork(workspace, run, { checkpoint });
  const material = await findMaterial(workspace, 'dataset', data);
  const { proposals, ...found } = await proposeNext(network, material, {
    ...options,
    signal,
    onProgress(phase, done, total) {
      progress({ phase, done, total, unit: 'examples', skipped: 0 });
    },
  });
  const browser = await openBrowser(workspace, { group: 'dataset', name: data });
  try {
    const examples = proposals.map(async ({ index, uncertainty, choices }) => ({
      item: await browser.item(index, pictureSize),
      uncertainty,
      choices: [...choices],
    }));
    return { run: network.id, ...found, examples: await Promise.all(examples) };
  } finally {
    browser.close();
  }
}
