/** Related sequences: what having read unlabelled ones gains for aligning them, with few known alignments. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { print } from '../output.ts';
import type { Demo } from './commands.ts';
import { example, heading } from './commands.ts';

export const genesDemo: Demo = async ({ folder, pretext, importOnce }, { quick }) => {
  const families = join(folder, 'samples', 'families');

  heading('Families of proteins that have evolved apart, with their true alignments');
  if (existsSync(families)) print(`They are in ${families} already.`);
  else await pretext('dataset', 'simulate', families);
  const pairs = join(families, 'pairs.fasta');
  await importOnce('dataset', 'pairs', pairs, '--labels', 'alignments');
  await importOnce('corpus', 'families', join(families, 'members.fasta'), '--tokenizer-kind', 'characters');

  heading('Pretraining: hidden residues of sequences whose alignment nobody knows');
  const fewer = quick ? ['--set', 'training.steps=400', '--set', 'training.evaluateEvery=200'] : [];
  await pretext('run', example('alignment-pretraining.yaml'), ...fewer);

  heading('Aligning, learned from 20 pairs: pretrained against from scratch, beside Needleman–Wunsch');
  await pretext('study', example(quick ? 'alignment-transfer-quick.yaml' : 'alignment-transfer.yaml'));

  heading('Two sequences of one family');
  await pretext('run', example('alignment.yaml'), '--set', 'task.labelBudget.total=20', '--set', 'training.steps=60');
  const [first = '', second = ''] = rowsOf(pairs);
  await pretext('predict', 'alignment', first, second);
};

/** The sequences of a FASTA file whose records have a line each. */
function rowsOf(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('>')).map((row) => row.replaceAll('-', ''));
}
