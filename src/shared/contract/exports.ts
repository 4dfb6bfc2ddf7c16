/** Exports: trained runs and imported models in formats that other tools read. */
import { z } from 'zod';
import { request } from './define.ts';

export const exportFormat = z.object({
  /** As on the command line, e.g. `onnx`. */
  name: z.string(),
  title: z.string(),
  /** What it is for. */
  summary: z.string(),
  /** What may be chosen besides. */
  options: z.array(z.enum(['quantize'])),
  /** Why the network cannot be written so; null where it can. */
  refusal: z.string().nullable(),
});
export type ExportFormat = z.infer<typeof exportFormat>;

/** What the task of an export ends with. */
export const exported = z.object({
  folder: z.string(),
  format: z.string(),
  files: z.array(z.string()),
  /** What whoever uses the files has to know. */
  notes: z.array(z.string()),
});

/** What is exported: a run by its id, or an imported model by its name. */
export const exportOf = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('run'), run: z.string().min(1) }),
  z.strictObject({
    kind: z.literal('model'),
    model: z.string().min(1),
    /** The task of the head that is exported; the first it has otherwise. */
    head: z.string().min(1).optional(),
  }),
]);
export type ExportOf = z.infer<typeof exportOf>;

export const exportsContract = {
  formats: request(
    'The formats there are, each with the reason why it cannot take this network',
    z.strictObject({ of: exportOf }),
    z.array(exportFormat),
  ),
  start: request(
    'Starts to write a network into a new folder on the machine of the lab; the task ends with what was written as its result',
    z.strictObject({
      of: exportOf,
      /** Must not be there yet; a relative one begins at the folder of the workspace. */
      folder: z.string().min(1),
      format: z.string().default('onnx'),
      checkpoint: z.enum(['best', 'last']).default('best'),
      quantize: z.enum(['none', 'int8']).default('none'),
    }),
    z.object({ job: z.string() }),
  ),
};
