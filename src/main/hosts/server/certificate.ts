/** The certificate of a server that other machines can reach: read, checked, and kept for the commands of this machine. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { LabError, cannotRead, messageOf } from '../../../shared/errors.ts';
import { textOf } from '../../files/file-exists.ts';
import type { Sessions } from './sessions.ts';

/** In PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Throws `LabError('not-found' | 'bad-input')`: a file cannot be read, or the two do not belong together. */
export async function readCertificate(certFile: string, keyFile: string): Promise<Certificate> {
  const read = (what: string, file: string): Promise<string> =>
    readFile(file, 'utf8').catch((error: unknown) => {
      throw cannotRead(what, file, error);
    });
  const [cert, key] = [await read('certificate', certFile), await read('key', keyFile)];
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new LabError(
      'bad-input',
      `${certFile} and ${keyFile} are not a certificate and its key in PEM format: ${messageOf(error)}`,
      { cert: certFile, key: keyFile },
      error,
    );
  }
  return { cert, key };
}

const fileIn = ({ folder }: Pick<Sessions, 'folder'>): string => join(folder, 'certificate.pem');

/** Commands trust exactly this certificate, whoever has signed it. */
export async function publishCertificate(sessions: Sessions, { cert }: Certificate): Promise<void> {
  await writeFile(fileIn(sessions), cert, { mode: 0o600 });
}

/** PEM; undefined where no server of this user has one. */
export function publishedCertificate(sessions: Sessions): Promise<string | undefined> {
  return textOf(fileIn(sessions));
}
