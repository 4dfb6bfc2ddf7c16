/** Every experiment, study and sweep that comes with the lab is understood, down to the last option. */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseExperiment } from '../../../src/main/runs/experiment.ts';
import { parseSpecText } from '../../../src/main/runs/spec-file.ts';
import { parseStudy, planStudy } from '../../../src/main/runs/study-plan.ts';
import { planSweep } from '../../../src/main/runs/sweep-plan.ts';

const folder = path.resolve(import.meta.dirname, '../../../resources/examples');
const files = await readdir(folder);

describe('the examples', () => {
  it.each(files)('%s', async (file) => {
    const source = parseSpecText(await readFile(path.join(folder, file), 'utf8'), file);
    const has = (member: string): boolean =>
      typeof source.value === 'object' && source.value !== null && member in source.value;
    if (has('arms')) expect(planStudy(parseStudy(source), source).length).toBeGreaterThan(1);
    else if (has('sweep')) expect(planSweep(source).trials.length).toBeGreaterThan(1);
    else expect(parseExperiment(source).name).toBe(path.basename(file, '.yaml'));
  });
});
