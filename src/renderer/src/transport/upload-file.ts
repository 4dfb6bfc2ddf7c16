/** Brings files to the lab from a browser; in the desktop window they have paths of their own. */
import { failure } from '../../../shared/contract/common.ts';
import type { UploadedFile } from '../../../shared/contract/uploads.ts';
import { uploadedFile } from '../../../shared/contract/uploads.ts';
import { LabError } from '../../../shared/errors.ts';
import { fromFailure } from '../../../shared/rpc/protocol.ts';

export interface UploadOptions {
  /** From `uploads.begin`. */
  readonly upload: string;
  /** With forward slashes, as in `webkitRelativePath`. */
  readonly path: string;
  readonly file: Blob;
  readonly signal?: AbortSignal;
  readonly onProgress?: (sentBytes: number) => void;
}

/** Sends one file. `XMLHttpRequest`, because `fetch` tells nothing of how far it is. */
export function uploadFile({ upload, path, file, signal, onProgress }: UploadOptions): Promise<UploadedFile> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const place = path.split('/').map(encodeURIComponent).join('/');
    request.open('POST', `/upload/${encodeURIComponent(upload)}/${place}`);
    request.responseType = 'json';
    request.upload.addEventListener('progress', ({ loaded }) => onProgress?.(loaded));
    request.addEventListener('load', () => {
      const received = uploadedFile.safeParse(request.response);
      if (request.status === 201 && received.success) {
        resolve(received.data);
        return;
      }
      const refused = failure.safeParse(request.response);
      reject(
        refused.success
          ? fromFailure(refused.data)
          : new LabError('internal', `The lab answered ${request.status} to the upload of ${path}`),
      );
    });
    request.addEventListener('error', () => {
      reject(new LabError('disconnected', `The connection was lost while ${path} was sent`));
    });
    request.addEventListener('abort', () => {
      reject(new LabError('aborted', 'Cancelled'));
    });
    signal?.addEventListener('abort', () => {
      request.abort();
    });
    request.send(file);
  });
}
