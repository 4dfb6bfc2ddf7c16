/** Sample projects: material that comes with the lab, so that a first look needs no data. */
import { z } from 'zod';
import { jsonObject, nothing } from './common.ts';
import { request } from './define.ts';
import { materialReference } from './materials.ts';

export const sampleProject = z.object({
  name: z.string(),
  title: z.string(),
  summary: z.string(),
  content: z.enum(['text', 'images', 'sequences']),
  /** Why it cannot be made here, e.g. a package that is not installed. */
  unavailable: z.string().nullable(),
  materials: z.array(materialReference.extend({ exists: z.boolean() })),
  /** Experiments that show what it is for, ready to be queued in this order. */
  experiments: z.array(
    z.object({
      name: z.string(),
      /** Runs that it builds on are named by their ids. */
      spec: jsonObject,
      /** The experiment that has to be trained first. */
      waitsFor: z.string().nullable(),
    }),
  ),
});

export const samplesContract = {
  list: request('Sample projects', nothing, z.array(sampleProject)),
  create: request(
    'Brings the material of one into the workspace',
    z.strictObject({ name: z.string() }),
    z.object({ job: z.string() }),
  ),
};
