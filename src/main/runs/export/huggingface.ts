/** huggingface: a folder that transformers loads with `AutoModel…` and `AutoTokenizer`, with a card of how the model came about. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../../../shared/errors.ts';
import { loadTokenizer } from '../../data/tokenizer/tokenizer.ts';
import { writeSafetensors } from '../../formats/safetensors.ts';
import { defineFormat } from './format.ts';
import type { HubArchitecture, HubClasses } from './huggingface/architecture.ts';
import { weightsReader } from './huggingface/architecture.ts';
import { bert } from './huggingface/bert.ts';
import type { TextEncoder } from './huggingface/encoder.ts';
import { encoderOf } from './huggingface/encoder.ts';
import { gpt2 } from './huggingface/gpt2.ts';
import { modelCard } from './huggingface/model-card.ts';
import { modernBert } from './huggingface/modernbert.ts';
import { specialIds, writeJson, writeTokenizer } from './huggingface/tokenizer-files.ts';
import type { NetworkSubject } from './source.ts';
import { weightsOf } from './weights.ts';

interface Counterpart {
  readonly encoder: TextEncoder;
  readonly architecture: HubArchitecture;
}

/** The model of transformers that computes the same, or why there is none. Looks at the model alone. */
export function counterpartOf(subject: NetworkSubject): Counterpart | string {
  const encoder = encoderOf(subject);
  if (typeof encoder === 'string') return encoder;
  const architecture = encoder.encoder.causal ? gpt2 : encoder.encoder.positions === 'rotary' ? modernBert : bert;
  const mismatch = architecture.mismatch(encoder, subject);
  return mismatch === undefined ? { encoder, architecture } : `it is no ${architecture.title}: ${mismatch}`;
}

defineFormat({
  name: 'huggingface',
  title: 'Hugging Face transformers',
  summary:
    'A folder that transformers loads in PyTorch with AutoModel and AutoTokenizer, with a model card: BERT, ModernBERT and GPT-2',
  options: [],
  refusal(subject) {
    const found = counterpartOf(subject);
    if (typeof found === 'string') return found;
    return subject.tokenizerFile === undefined ? 'it has no tokenizer' : undefined;
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
    const weights = weightsReader(weightsOf(source));
    const tensors = architecture.tensors(encoder, source, weights);
    // Some versions of transformers refuse files that do not say this.
    await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
    const tokenizer = loadTokenizer(source.tokenizerFile);
    const {
      length,
      encoder: { causal: isCausal },
    } = encoder;
    await writeJson(join(folder, 'config.json'), {
      architectures: [classes.model],
      ...architecture.config(encoder, source, weights),
      ...specialIds(tokenizer, isCausal),
      dtype: 'float32',
    });
    const use = { length, inputNames: architecture.inputNames, isCausal };
    const written = await writeTokenizer(folder, source.tokenizerFile, tokenizer, use);
    onPhase('Writing the card');
    await writeFile(join(folder, 'README.md'), await modelCard(source, classes));
    return {
      files: ['model.safetensors', 'config.json', ...written, 'README.md'],
      notes: [
        `${classes.auto}.from_pretrained and AutoTokenizer.from_pretrained load this folder`,
        ...(classes.isHeadless ? [headless(classes, model.task.type)] : []),
      ],
    };
  },
});

const headless = ({ model }: HubClasses, task: string): string =>
  task === 'features'
    ? `It is a ${model} without a head, as the model itself`
    : `It is a ${model} without the head of ${task}, which has no counterpart in transformers`;
