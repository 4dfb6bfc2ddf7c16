/** README.md of an imported model: where it is from, what it is, what can be done with it. */
import { formatBytes, formatCount, plural } from '../../shared/display.ts';
import type { ModelManifest } from '../../shared/spec/manifests/model.ts';

/** The card as Markdown. */
export function modelCard(manifest: ModelManifest): string {
  const { name, title, family, source, parameters, tensors, heads, notes, preprocessing, createdAt } = manifest;
  const revision = source.revision === undefined ? '' : `, revision \`${source.revision}\``;
  const facts = [
    ['Family', family],
    ['Parameters', `${formatCount(parameters)} in ${formatCount(tensors)} tensors`],
    ['Reads', describeModelInput(manifest)],
    ['Imported', `${createdAt} from \`${source.path}\`${revision}`],
    ['Licence', source.licence ?? 'not said by the source: look it up before you pass the weights on'],
  ];
  const files = source.files.map(
    ({ name: file, bytes, sha256 }) => `| ${file} | ${formatBytes(bytes)} | \`${sha256}\` |`,
  );
  const answers = heads.map(
    ({ title: headTitle, labels }) => `- ${headTitle}${labels ? `: ${plural(labels.length, 'class', 'classes')}` : ''}`,
  );
  return [
    `# ${name}`,
    `${title}.`,
    facts.map(([fact, value]) => `- ${String(fact)}: ${String(value)}`).join('\n'),
    ...(preprocessing
      ? [
          `Pictures are brought to ${String(preprocessing.height)} × ${String(preprocessing.width)} (${preprocessing.fit}) and normalised with mean ${preprocessing.statistics.mean.join(', ')} and deviation ${preprocessing.statistics.standardDeviation.join(', ')}.`,
        ]
      : []),
    `## Heads that came along\n\n${answers.length > 0 ? answers.join('\n') : 'None: it makes vectors, and a task gives it a head.'}`,
    ...(notes.length > 0 ? [`## Notes\n\n${notes.map((note) => `- ${note}`).join('\n')}`] : []),
    `## Files it was read from\n\n| File | Size | SHA-256 |\n| --- | --- | --- |\n${files.join('\n')}`,
    '',
  ].join('\n\n');
}

/** What it is fed, for a person. */
export function describeModelInput({ input }: Pick<ModelManifest, 'input'>): string {
  switch (input.kind) {
    case 'tokens':
      return `text of up to ${plural(input.length, 'token')}, a vocabulary of ${formatCount(input.vocabularySize)}`;
    case 'image':
      return `images of ${String(input.height)} × ${String(input.width)} with ${String(input.channels)} channels`;
    case 'frames':
      return `sequences of ${formatCount(input.length)} vectors of ${formatCount(input.features)}`;
  }
}
