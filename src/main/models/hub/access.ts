/**
 * Where the Hugging Face hub is and who asks: `HF_ENDPOINT` (a mirror, or one's own server) and `HF_TOKEN`, as the hub's own tools
 * read them. The token is kept in memory, sent to the endpoint alone, and never shown.
 */
import { LabError } from '../../../shared/errors.ts';

export interface HubAccess {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
}

const publicHub = 'https://huggingface.co';

/** Throws `LabError('bad-input')` for an address or a token that cannot be one; the message does not have the token. */
export function hubAccess(environment: Readonly<Record<string, string | undefined>> = process.env): HubAccess {
  const given = environment.HF_ENDPOINT?.trim();
  const endpoint = given === undefined || given === '' ? publicHub : given.replace(/\/+$/u, '');
  const url = URL.parse(endpoint);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    throw new LabError(
      'bad-input',
      'HF_ENDPOINT is not an address of the form https://hub.example: leave it unset for huggingface.co',
    );
  }
  const token = environment.HF_TOKEN?.trim();
  if (token === undefined || token === '') return { endpoint, token: undefined };
  // A header with anything else would be refused with a message that quotes it.
  if (!/^[\x21-\x7e]+$/u.test(token)) {
    throw new LabError('bad-input', 'HF_TOKEN has characters that no token has: copy it again from the hub’s settings');
  }
  if (url.protocol === 'http:' && !isLocal(url)) {
    throw new LabError(
      'bad-input',
      `HF_TOKEN is not sent over a connection that others can read: give HF_ENDPOINT as https://${url.host}, or unset the token`,
    );
  }
  return { endpoint, token };
}

const isLocal = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');

const part = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/u;

/**
 * The name of a repository, from itself or from the address of its page. Old models have no owner. Throws `LabError('bad-input')`
 * for what cannot be one, such as a path.
 */
export function repositoryName(given: string, { endpoint }: HubAccess): string {
  let name = given.trim();
  for (const prefix of [endpoint, publicHub]) {
    if (name.startsWith(`${prefix}/`)) name = name.slice(prefix.length + 1);
  }
  name = name.replace(/\/(?:tree\/main\/?)?$/u, '');
  const parts = name.split('/');
  if (parts.length <= 2 && parts.every((one) => isPart(one))) return name;
  throw new LabError(
    'bad-input',
    `'${given}' is not the name of a model on the hub. It has the form <owner>/<name>, e.g. sentence-transformers/all-MiniLM-L6-v2`,
    { name: given },
  );
}

const isPart = (text: string): boolean => part.test(text) && !text.includes('..') && text.length <= 96;

/** A branch, a tag or a commit, as a segment of an address. Throws `LabError('bad-input')`. */
export function revisionSegment(revision: string): string {
  const isOne = revision.length <= 200 && revision.split('/').every((one) => /^[\w][\w.+-]*$/u.test(one));
  if (isOne && !revision.includes('..')) return encodeURIComponent(revision);
  throw new LabError('bad-input', `'${revision}' is not a revision: give a branch, a tag or a commit`, { revision });
}
