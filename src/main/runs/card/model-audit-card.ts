/** The audit card of a model of others: where it is from, which bytes, what it computes, and what stands on it here. */
import type { AuditCard, CardItem } from '../../../shared/card/card.ts';
import { formatBytes, formatCount, plural } from '../../../shared/display.ts';
import { labVersion } from '../../files/version.ts';
import type { ImportedModel } from '../../workspace/models.ts';
import type { RunSummary } from '../../workspace/runs.ts';
import { describeModelInput } from '../model-card.ts';
import { facts, tableItem } from './facts.ts';
import { publicModelItems } from './public-models.ts';

/** @param runs of the workspace */
export function modelAuditCard({ name, manifest }: ImportedModel, runs: readonly RunSummary[]): AuditCard {
  const { title, family, source, parameters, tensors, heads, preprocessing, notes, createdAt, tokenizerHash } =
    manifest;
  const files = source.files.map((file) => [file.name, formatBytes(file.bytes), file.sha256]);
  const images = preprocessing && {
    size: `${preprocessing.height} × ${preprocessing.width}, ${preprocessing.fit}`,
    values: `mean ${preprocessing.statistics.mean.join(', ')}; deviation ${preprocessing.statistics.standardDeviation.join(', ')}`,
  };
  const users = runs.filter(({ experiment: { from, tokenizer } }) =>
    [from, tokenizer].some((one) => one !== undefined && 'model' in one && one.model === name),
  );
  return {
    formatVersion: 1,
    of: 'model',
    name,
    summary: `${title}, imported on ${createdAt.slice(0, 10)}. The lab has not trained it.`,
    sections: [
      {
        title: 'Origin',
        items: [
          ...publicModelItems([{ name, manifest }]),
          tableItem('Files that it was read from', ['File', '>Size', 'SHA-256'], files),
          ...warnings(source.licence),
        ],
      },
      {
        title: 'Network',
        items: [
          facts([
            ['Family', family],
            ['Parameters', `${formatCount(parameters)} in ${plural(tensors, 'tensor')}`],
            ['Reads', describeModelInput(manifest)],
            ['Images', images?.size],
            ['Pixels', images?.values],
            ['SHA-256 of the tokenizer', tokenizerHash ?? undefined],
            ['Heads', heads.length === 0 ? 'none: a task gives it one' : heads.map((head) => head.title).join('; ')],
          ]),
          ...notes.map((note): CardItem => ({ kind: 'text', text: `${note}.` })),
        ],
      },
      {
        title: 'Used by',
        items:
          users.length === 0
            ? [{ kind: 'text', text: 'No run of this workspace begins with it.' }]
            : [
                tableItem(
                  'Runs',
                  ['Run', 'Task', 'Data'],
                  users.map(({ id, experiment: { task, data } }) => [id, task.type, data]),
                ),
              ],
      },
    ],
    lab: labVersion(),
  };
}

/** What nobody can know of weights of others. */
function warnings(licence: string | null): CardItem[] {
  const unknown =
    'What it was trained on is not recorded here: examples of a test that it has seen would not be noticed.';
  return [
    ...(licence === null
      ? [{ kind: 'warning' as const, text: 'Its source states no licence: look it up before you pass the weights on.' }]
      : []),
    { kind: 'warning', text: unknown },
  ];
}
