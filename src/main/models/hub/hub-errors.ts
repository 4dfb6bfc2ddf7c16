/** What a hub's refusals mean, for a person: the page to open, the token to give, how long to wait. */
import { LabError } from '../../../shared/errors.ts';
import type { HubAccess } from './access.ts';

/** What was asked for, for messages. */
export interface Asked {
  /** Of the repository. */
  readonly name: string;
  readonly revision: string;
  readonly file?: string;
}

/** An error for a reply with a status other than success; the body is not shown, it is whatever another server writes. */
export function refusal(
  { endpoint, token }: HubAccess,
  { name, revision, file }: Asked,
  status: number,
  headers: Headers,
): LabError {
  const reason = headers.get('x-error-code');
  const page = `${endpoint}/${name}`;
  const details = { status, model: name };
  if (status === 401 || status === 403) return new LabError('unauthorised', withoutAccess(), details);
  if (status === 404) {
    const message =
      reason === 'RevisionNotFound'
        ? `The model ${name} has no revision '${revision}': look at ${page}/tree/main for its branches and tags`
        : file !== undefined
          ? `${page} has no file ${file} at the revision ${revision}`
          : `There is no model ${name} at ${endpoint}, or no revision '${revision}' of it. Check the spelling${token === undefined ? '; a private one needs HF_TOKEN' : ''}`;
    return new LabError('not-found', message, details);
  }
  if (status === 429) {
    const wait = Number(headers.get('retry-after'));
    const advice = Number.isFinite(wait) && wait > 0 ? `in ${String(Math.ceil(wait))} seconds` : 'in some minutes';
    const hint = token === undefined ? '. With HF_TOKEN set, more requests are allowed' : '';
    return new LabError(
      'too-many',
      `${endpoint} does not accept more requests now: try again ${advice}${hint}`,
      details,
    );
  }
  const what = file ?? name;
  return new LabError(
    'network',
    `${endpoint} answered the request for ${what} with status ${String(status)}${status >= 500 ? '. The fault is on its side: try again later' : ''}`,
    details,
  );

  function withoutAccess(): string {
    if (reason === 'GatedRepo' || (status === 403 && token !== undefined)) {
      return `${name} is only given to those who accepted its conditions. Open ${page}, accept them, and set HF_TOKEN to a token of that account`;
    }
    if (token === undefined) {
      return `${endpoint} does not give ${name} to everybody: there is no such model, or it is private or gated. Check the spelling; for a private or gated one set HF_TOKEN`;
    }
    return `${endpoint} does not accept HF_TOKEN for ${name}: the token is wrong or expired, may not read this model, or there is no such model`;
  }
}
