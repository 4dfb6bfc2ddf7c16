/** `npm run docs`: writes docs/reference from the definitions. A test says when it is stale. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { referencePages } from './reference.ts';

const folder = path.resolve(import.meta.dirname, '../docs/reference');

const pages = await referencePages();
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const [file, text] of Object.entries(pages)) await writeFile(path.join(folder, file), text);
