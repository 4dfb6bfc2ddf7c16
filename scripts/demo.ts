/**
 * `npm run demo [-- <name>] [--quick] [--workspace <folder>]`: the main job on real data, as the commands that a person
 * would type. The workspace it leaves behind can be opened with any `pretext` command, and in the lab.
 */
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../src/shared/errors.ts';
import type { Demo } from './demo/commands.ts';
import { createDemoWorkspace } from './demo/commands.ts';

const demos: Readonly<Record<string, () => Promise<Demo>>> = {
  text: async () => (await import('./demo/text.ts')).textDemo,
  images: async () => (await import('./demo/images.ts')).imageDemo,
  sequences: async () => (await import('./demo/sequences.ts')).sequencesDemo,
  tags: async () => (await import('./demo/tags.ts')).tagsDemo,
  genes: async () => (await import('./demo/genes.ts')).genesDemo,
  speech: async () => (await import('./demo/speech.ts')).speechDemo,
};

const usage = `npm run demo [-- <name>] [--quick] [--workspace <folder>]

Demos: ${Object.keys(demos).join(', ')} (text unless named).
--quick      a short version, to see what it does
--workspace  where the data and the runs go
             (default: the folder 'workspace' of this checkout)`;

function readArguments(): { name: string; quick: boolean; workspace?: string | undefined; help: boolean } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      workspace: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [name = 'text', ...others] = positionals;
  if (others.length > 0) throw new Error(`One demo at a time: ${others.join(' ')} is too much.`);
  if (!Object.hasOwn(demos, name)) throw new Error(`There is no demo '${name}'.`);
  return { name, ...values };
}

async function run(name: string, quick: boolean, workspace: string | undefined): Promise<void> {
  const started = performance.now();
  const folder = workspace ?? fileURLToPath(new URL('../workspace', import.meta.url));
  const demo = await demos[name]!();
  await demo(await createDemoWorkspace(folder), { quick });
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`\nDone in ${Math.floor(seconds / 60)} min ${seconds % 60} s. Everything is in the workspace ${folder}`);
}

let chosen: ReturnType<typeof readArguments> | undefined;
try {
  chosen = readArguments();
} catch (error) {
  console.error(`${messageOf(error)}\n\n${usage}`);
  process.exitCode = 2;
}
if (chosen?.help) console.log(usage);
else if (chosen) await run(chosen.name, chosen.quick, chosen.workspace);
