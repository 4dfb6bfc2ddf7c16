/** Where an npm package with sample data is installed. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { LabError } from '../../../shared/errors.ts';

/** @throws LabError `not-found` that says how to install it. */
export function packageFolder(name: string): string {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch (error) {
    const message = `The sample needs the npm package ${name}. Install it with: npm install ${name}`;
    throw new LabError('not-found', message, { package: name }, error);
  }
}

export function hasPackage(name: string): boolean {
  try {
    packageFolder(name);
    return true;
  } catch {
    return false;
  }
}
