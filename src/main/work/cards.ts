/** Audit cards for the window. */
import type { AuditCard } from '../../shared/card/card.ts';
import { LabError } from '../../shared/errors.ts';
import { loadRunCard, loadStudyCard, loadStudyReport } from '../runs/card/load-card.ts';
import { findRun } from '../workspace/runs.ts';
import type { WorkContext } from './work-context.ts';

export async function cardOfRun({ workspace }: WorkContext, { id }: { readonly id: string }): Promise<AuditCard> {
  return loadRunCard(workspace, await findRun(workspace, id));
}

export async function cardOfStudy({ workspace }: WorkContext, { name }: { readonly name: string }): Promise<AuditCard> {
  const card = await loadStudyCard(workspace, name);
  if (!card) throw new LabError('not-found', `There is no study '${name}'`, { name });
  return card;
}

/** The report of a study as an HTML file. */
export async function reportOfStudy({ workspace }: WorkContext, { name }: { readonly name: string }): Promise<string> {
  const html = await loadStudyReport(workspace, name);
  if (html === undefined) throw new LabError('not-found', `There is no study '${name}'`, { name });
  return html;
}
