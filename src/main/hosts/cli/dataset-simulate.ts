/** `pretext dataset simulate`: families of related sequences with their true alignments, where none are at hand. */
import { join, resolve } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { formatPercent, plural } from '../../../shared/display.ts';
import { LabError } from '../../../shared/errors.ts';
import { writeFolder } from '../../files/durable-folder.ts';
import { replaceFile } from '../../files/durable-file.ts';
import {
  homologousFamilies,
  identityOf,
  membersAsFasta,
  pairsAsFasta,
  type FamilyOptions,
} from '../../data/samples/homologous-families.ts';
import { globalsOf } from './globals.ts';
import { numberFrom, positiveNumber, wholeNumber } from './numbers.ts';
import { print, printJson } from './output.ts';

export function registerDatasetSimulate(dataset: Command): void {
  dataset
    .command('simulate')
    .description('evolve families of related sequences: pairs.fasta with true alignments, members.fasta without labels')
    .argument('<folder>', 'a new folder for the two files')
    .addOption(new Option('--alphabet <which>', 'what sequences are of').choices(['protein', 'dna']).default('protein'))
    .option('--families <number>', 'number of families', positiveNumber, 36)
    .option('--members <number>', 'sequences of each family without labels', positiveNumber, 60)
    .option('--pairs <number>', 'aligned pairs of each family, and half as many unrelated ones', positiveNumber, 12)
    .option('--shortest <residues>', 'residues of the shortest ancestor', positiveNumber, 32)
    .option('--longest <residues>', 'residues of the longest ancestor', positiveNumber, 42)
    .option(
      '--divergence <number>',
      'substitutions for each site, from an ancestor to a sequence',
      numberFrom(0, 20),
      1.5,
    )
    .option('--seed <number>', 'other sequences for another number', wholeNumber, 1)
    .action(async (folder: string, options: FamilyOptions, command: Command) => {
      if (options.shortest > options.longest) {
        throw new LabError('bad-input', `--shortest ${options.shortest} is more than --longest ${options.longest}`);
      }
      const { members, pairs } = homologousFamilies(options);
      await writeFolder(resolve(folder), async (temporary) => {
        await replaceFile(join(temporary, 'pairs.fasta'), [...pairsAsFasta(pairs)].join(''));
        await replaceFile(join(temporary, 'members.fasta'), [...membersAsFasta(members)].join(''));
      });
      const related = pairs.filter(({ isRelated }) => isRelated).length;
      const identity = identityOf(pairs);
      if (globalsOf(command).json) {
        printJson({ folder, members: members.length, related, unrelated: pairs.length - related, identity });
        return;
      }
      print(
        `${folder}: ${plural(related, 'aligned pair')} with ${formatPercent(identity)} of the residues alike, ${plural(pairs.length - related, 'unrelated one')}, and ${plural(members.length, 'sequence')} without labels`,
      );
    });
}
