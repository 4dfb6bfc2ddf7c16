/** What demos are made of: sample data written once, and `pretext` commands that are shown before they run. */
import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { SampleText } from '../../../data/samples/text-sample.ts';
import { writeSampleTexts } from '../../../data/samples/text-sample.ts';
import { packageFolder } from '../../../files/version.ts';
import { print } from '../output.ts';

export interface DemoWorkspace {
  readonly folder: string;
  /** Runs a command in this workspace and ends the demo where it fails. */
  readonly pretext: (...args: string[]) => Promise<void>;
  /** As `pretext corpus import` or `dataset import`, unless the material is there from an earlier demo. */
  readonly importOnce: (group: 'corpus' | 'dataset', name: string, ...args: string[]) => Promise<void>;
  /** A file among the samples, which is written once and whole; returns where it is. */
  readonly sampleFile: (name: string, write: (partial: string) => Promise<unknown>) => Promise<string>;
  /** Writes sample texts as JSON lines, once, and returns the file. */
  readonly sample: (name: string, texts: () => Iterable<SampleText>) => Promise<string>;
}

export type Demo = (workspace: DemoWorkspace, options: { readonly quick: boolean }) => Promise<void>;

/** Runs a command line as `pretext` would, and resolves with its exit code. */
export type RunCommandLine = (args: readonly string[]) => Promise<number>;

/** An experiment or study of ours. */
export function example(name: string): string {
  return join(packageFolder(), 'resources', 'examples', name);
}

export function heading(text: string): void {
  print(`\n── ${text} ${'─'.repeat(Math.max(0, 74 - text.length))}\n`);
}

export async function createDemoWorkspace(folder: string, run: RunCommandLine): Promise<DemoWorkspace> {
  const samples = join(folder, 'samples');
  await mkdir(samples, { recursive: true });
  const workspace: DemoWorkspace = {
    folder,
    async pretext(...args) {
      print(`$ pretext ${args.map(quoted).join(' ')}`);
      const code = await run(['--workspace', folder, ...args]);
      if (code !== 0) process.exit(code); // the command has said why
    },
    async importOnce(group, name, ...args) {
      const place = join(folder, group === 'corpus' ? 'corpora' : 'datasets', name);
      if (existsSync(place)) print(`The ${group} '${name}' is there already.`);
      else await workspace.pretext(group, 'import', name, ...args);
    },
    async sampleFile(name, write) {
      const file = join(samples, name);
      if (existsSync(file)) return file;
      const partial = join(samples, `.${name}-${process.pid}`);
      await write(partial);
      await rename(partial, file);
      return file;
    },
    sample: (name, texts) => workspace.sampleFile(`${name}.jsonl`, (partial) => writeSampleTexts(texts(), partial)),
  };
  return workspace;
}

function quoted(argument: string): string {
  return /^[\w./:=@-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
