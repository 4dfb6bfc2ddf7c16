/**
 * Uploads: how a browser brings files to the lab. One HTTP request for each file,
 *
 *     POST /upload/<upload>/<path of the file>      body: the file
 *
 * where `<upload>` is what `uploads.begin` answered. Files of one upload make one folder, whose path imports and inspections
 * take as a source. The answer tells where the file is: `{ path, bytes }`. In the desktop window files have paths of their own and need no upload.
 */
import { z } from 'zod';
import { count, nothing } from './common.ts';
import { request } from './define.ts';

export const uploadsContract = {
  begin: request(
    'Makes room for files',
    nothing,
    z.object({
      upload: z.string(),
      /** The folder they will be in. */ folder: z.string(),
      maximumFileBytes: count,
      maximumFiles: count,
    }),
  ),
  finish: request(
    'Forgets an upload and its files; done by itself when the lab is closed',
    z.strictObject({ upload: z.string() }),
    nothing,
  ),
};
