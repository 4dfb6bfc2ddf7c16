/**
 * `npm run demo [-- <name>] [--quick] [--workspace <folder>]`: the main job on real data, as the commands that a person
 * would type. The workspace it leaves behind can be opened with any `pretext` command, and in the lab.
 */
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import type { Demo } from './demo/commands.ts';
import { createDemoWorkspace } from './demo/commands.ts';

const demos: Readonly<Record<string, () => Promise<Demo>>> = {
  text: async () => (await import('./demo/text.ts')).textDemo,
  images: async () => (await import('./demo/images.ts')).imageDemo,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, workspace: { type: 'string' } },
});
const name = positionals[0] ?? 'text';
const load = demos[name];
if (!load) {
  console.error(`There is no demo '${name}'. Demos: ${Object.keys(demos).join(', ')}`);
  process.exitCode = 2;
} else {
  const started = performance.now();
  const folder = values.workspace ?? fileURLToPath(new URL('../workspace', import.meta.url));
  const demo = await load();
  await demo(await createDemoWorkspace(folder), { quick: values.quick });
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`\nDone in ${Math.floor(seconds / 60)} min ${seconds % 60} s. Everything is in the workspace ${folder}`);
}
