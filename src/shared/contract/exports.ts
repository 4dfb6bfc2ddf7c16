/** Exports: trained runs in formats that other tools read. */
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
  /** Why the run cannot be written so; null where it can. */
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

export const exportsContract = {
  formats: request(
    'The formats there are, each with the reason why it cannot take this run',
    z.strictObject({ run: z.string().min(1) }),
    z.array(exportFormat),
  ),
  start: request(
    'Starts to write a run into a new folder on the machine of the lab; the task ends with what was written as its result',
    z.strictObject({
      run: z.string().min(1),
      /** Must not be there yet; a relative one begins at the folder of the workspace. */
      folder: z.string().min(1),
      format: z.string().default('onnx'),
      checkpoint: z.enum(['best', 'last']).default('best'),
      quantize: z.enum(['none', 'int8']).default('none'),
    }),
    z.object({ job: z.string() }),
  ),
};
