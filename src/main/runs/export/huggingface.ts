/** huggingface: a folder that transformers loads with `AutoModel…` and `AutoTokenizer`, with a card of how the model came about. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoForm } from '../../../shared/contract/demos.ts';
import { demoFormOf } from '../../tasks/demo-form.ts';
import { cardAsMarkdown } from '../../../shared/card/markdown.ts';
import { LabError } from '../../../shared/errors.ts';
import type { ModelManifest } from '../../../shared/spec/manifests/model.ts';
import type { TextTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { loadTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { writeSafetensors } from '../../formats/safetensors.ts';
import { loadRunCard } from '../card/load-card.ts';
import { describeOrigin } from './describe-network.ts';
import { defineFormat } from './format.ts';
import type { HubArchitecture } from './huggingface/architecture.ts';
import { weightsReader } from './huggingface/architecture.ts';
import { bert } from './huggingface/bert.ts';
import type { TextEncoder } from './huggingface/encoder.ts';
import { encoderOf } from './huggingface/encoder.ts';
import { modernBert } from './huggingface/modernbert.ts';
import type { ExportSource, ExportSubject } from './source.ts';
import { weightsOf } from './weights.ts';

interface Counterpart {
  readonly encoder: TextEncoder;
  readonly architecture: HubArchitecture;
}

/** The model of transformers that computes the same, or why there is none. */
function counterpartOf(subject: ExportSubject): Counterpart | string {
  const encoder = encoderOf(subject);
  if (typeof encoder === 'string') return encoder;
  if (subject.tokenizerFile === undefined) return 'it has no tokenizer';
  if (encoder.encoder.causal) {
    return 'transformers has no language model of this kind: their output layers have no bias, and this one has one. The format onnx takes it';
  }
  const architecture = encoder.encoder.positions === 'rotary' ? modernBert : bert;
  const mismatch = architecture.mismatch(encoder, subject);
  return mismatch === undefined ? { encoder, architecture } : `it is no ${architecture.title}: ${mismatch}`;
}

defineFormat({
  name: 'huggingface',
  title: 'Hugging Face transformers',
  summary:
    'A folder that transformers loads in PyTorch with AutoModel and AutoTokenizer, with a model card: BERT and ModernBERT',
  options: [],
  refusal(subject) {
    const found = counterpartOf(subject);
    return typeof found === 'string' ? found : undefined;
  },
  async write(source, folder, { onPhase }) {
    const found = counterpartOf(source);
    if (typeof found === 'string' || source.tokenizerFile === undefined) {
      throw new LabError('internal', 'a network without a counterpart was to be written');
    }
    const { encoder, architecture } = found;
    const { model } = source;
    const classes = architecture.classes(model.task.type);
    onPhase('Writing the weights');
    const tensors = architecture.tensors(encoder, source, weightsReader(weightsOf(source)));
    // Some versions of transformers refuse files that do not say this.
    await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
    const tokenizer = loadTokenizer(source.tokenizerFile);
    const config = {
      architectures: [classes.model],
      ...architecture.config(encoder, source),
      ...specialIds(tokenizer),
      dtype: 'float32',
    };
    onPhase('Writing the card');
    const special = specialTokens(tokenizer);
    const tokenizerConfig = {
      tokenizer_class: 'PreTrainedTokenizerFast',
      model_max_length: encoder.length,
      model_input_names: architecture.inputNames,
      clean_up_tokenization_spaces: false,
      ...special,
    };
    const files: Readonly<Record<string, string>> = {
      'config.json': asJson(config),
      'tokenizer_config.json': asJson(tokenizerConfig),
      'special_tokens_map.json': asJson(special),
      'README.md': await modelCard(source, classes.auto),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await copyFile(source.tokenizerFile, join(folder, 'tokenizer.json'));
    return {
      files: ['model.safetensors', 'config.json', 'tokenizer.json', ...Object.keys(files).slice(1)],
      notes: [`${classes.auto}.from_pretrained and AutoTokenizer.from_pretrained load this folder`],
    };
  },
});

function specialTokens({ special, token }: TextTokenizer): Record<string, string> {
  return {
    pad_token: token(special.pad),
    unk_token: token(special.unknown),
    cls_token: token(special.classify),
    sep_token: token(special.separate),
    mask_token: token(special.mask),
  };
}

/** The marks at the beginning and the end of a text are those of its sentences, as ModernBERT has it. */
function specialIds({ special: { pad, classify, separate } }: TextTokenizer): Record<string, number> {
  return {
    pad_token_id: pad,
    cls_token_id: classify,
    bos_token_id: classify,
    sep_token_id: separate,
    eos_token_id: separate,
  };
}

const asJson = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;

/** What the hub calls a model that is asked so, in the first lines of a card. */
const pipelineTags: Partial<Readonly<Record<DemoForm, string>>> = {
  'masked-words': 'fill-mask',
  'classify-text': 'text-classification',
};

/** How to load the model, and the audit card of its run: data, recipe, results with their intervals, audits. */
async function modelCard(source: ExportSource, auto: string): Promise<string> {
  const { workspace, model, name, trained, imported } = source;
  const tag = pipelineTags[demoFormOf(model.task, 'tokens')];
  const card = trained
    ? cardAsMarkdown(await loadRunCard(workspace, trained.run))
    : imported
      ? importedCard(imported)
      : '';
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
model = ${auto}.from_pretrained(".").eval()
with torch.no_grad():
    print(model(**tokenizer(${JSON.stringify(model.task.demo?.examples?.[0]?.text ?? `a text for ${name}`)}, return_tensors="pt")))
\`\`\`
`;
}

/** Of a model of others: where it is from. Its own card is not the lab's to repeat. */
function importedCard(manifest: ModelManifest): string {
  const { name, title, source, licence } = describeOrigin(manifest);
  return `# ${name}\n\n${title}, from ${source}; licence: ${licence ?? 'not known'}.\n`;
}
