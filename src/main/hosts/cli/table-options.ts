/** Options of imports for reading tables, which texts, images and recordings share. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { TextEncoding } from '../../../shared/spec/manifests/text-corpus.ts';
import { textEncoding } from '../../../shared/spec/manifests/text-corpus.ts';
import type { FileTableOptions } from '../../data/images/table-source.ts';

export interface TableOptions {
  readonly encoding?: TextEncoding;
  readonly header: boolean;
  readonly quote?: 'double' | 'none';
  readonly pathColumn?: string;
  readonly root?: string;
}

/** Of tables that list files. */
export const fileTableOptionNames = ['pathColumn', 'root'];

export function addTableOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--encoding <name>', 'of text files and tables without a mark (default: guessed)').choices(
        textEncoding.options,
      ),
    )
    .option('--no-header', 'CSV and TSV files begin with a row of data: their columns are column1, column2 and so on')
    .addOption(
      new Option(
        '--quote <how>',
        'quotes in CSV and TSV: double around fields, or none, where they are characters (default: told by each file)',
      ).choices(['double', 'none']),
    )
    .option(
      '--path-column <name>',
      "for images and recordings that a table lists: column with their paths, or with the files themselves (default: 'path')",
    )
    .option(
      '--root <folder>',
      'for images and recordings that a table lists: the folder that holds them (default: the one of the table)',
    );
}

/** Options that every import of text takes. */
export function textTableOptionsOf({ encoding, header, quote }: TableOptions) {
  return { encoding, quote, ...(!header && { header: false }) };
}

export function fileTableOptionsOf(
  options: TableOptions & Pick<FileTableOptions, 'labelColumn' | 'groupColumn' | 'splitColumn'>,
): FileTableOptions {
  const { pathColumn, root, labelColumn, groupColumn, splitColumn } = options;
  return { ...textTableOptionsOf(options), pathColumn, root, labelColumn, groupColumn, splitColumn };
}
