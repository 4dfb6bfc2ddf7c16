/** README.md of an exported model: how to load it, and how it came about. */
import { cardAsMarkdown } from '../../../../shared/card/markdown.ts';
import type { DemoForm } from '../../../../shared/contract/demos.ts';
import type { ModelManifest } from '../../../../shared/spec/manifests/model.ts';
import { demoFormOf } from '../../../tasks/demo-form.ts';
import { loadRunCard } from '../../card/load-card.ts';
import { describeOrigin } from '../describe-network.ts';
import type { ExportSource } from '../source.ts';
import type { HubClasses } from './architecture.ts';

/** What the hub calls a model that is asked so, in the first lines of a card. */
const pipelineTags: Partial<Readonly<Record<DemoForm, string>>> = {
  'masked-words': 'fill-mask',
  'classify-text': 'text-classification',
  'label-text': 'text-classification',
  'estimate-text': 'text-classification',
  'tag-text': 'token-classification',
  'next-word': 'text-generation',
};

/** How to load the model, and the audit card of its run: data, recipe, results with their intervals, audits. */
export async function modelCard(
  source: ExportSource,
  { model: hubName, auto, isHeadless }: HubClasses,
): Promise<string> {
  const { workspace, model, name, trained, imported } = source;
  const tag = isHeadless ? undefined : pipelineTags[demoFormOf(model.task, 'tokens')];
  const card = trained
    ? cardAsMarkdown(await loadRunCard(workspace, trained.run))
    : imported
      ? importedCard(imported)
      : '';
  const hasPooler = isHeadless && hubName === 'BertModel';
  const example = model.task.demo?.examples?.[0]?.text ?? `a text for ${name}`;
  return `---
library_name: transformers
tags: [pretext-lab, ${model.task.type}]
${tag === undefined ? '' : `pipeline_tag: ${tag}\n`}---

${card}
## Use

\`\`\`python
import torch
from transformers import ${auto}, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(".")
model = ${auto}.from_pretrained("."${hasPooler ? ', add_pooling_layer=False' : ''}).eval()
with torch.no_grad():
    print(model(**tokenizer(${JSON.stringify(example)}, return_tensors="pt")))
\`\`\`
`;
}

/** Of a model of others: where it is from. Its own card is not the lab's to repeat. */
function importedCard(manifest: ModelManifest): string {
  const { name, title, source, licence } = describeOrigin(manifest);
  return `# ${name}\n\n${title}, from ${source}; licence: ${licence ?? 'not known'}.\n`;
}
