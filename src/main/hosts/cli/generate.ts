/** `pretext generate`: continues a text with a language model. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { GeneratedToken } from '../../tasks/index.ts';
import { headThatContinues } from '../../runs/head-for-question.ts';
import { openNetworkPredictor } from '../../runs/predict.ts';
import { findTrainedNetwork } from '../../runs/trained-network.ts';
import { givenText } from './given-text.ts';
import { globalsOf, existingWorkspaceOf } from './globals.ts';
import { numberFrom, positiveNumber, wholeNumber } from './numbers.ts';
import { print, printJson, say } from './output.ts';

interface GenerateOptions {
  readonly tokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed: number;
  readonly count: number;
  readonly checkpoint: 'best' | 'last';
}

export function registerGenerate(generate: Command): void {
  generate
    .argument(
      '<run|model>',
      "a run's id, the beginning of one, an experiment's name (its latest run), or an imported model",
    )
    .argument('<prompt>', 'the beginning of the text')
    .option('-t, --tokens <number>', 'how many tokens to add; a text may end earlier', positiveNumber, 40)
    .option('--temperature <number>', 'below 1: likelier words; 0: always the likeliest', numberFrom(0), 1)
    .option('--top-k <number>', 'sample from the k most likely tokens', positiveNumber)
    .option('--top-p <share>', 'draw from the fewest tokens that hold this share of the probability', numberFrom(0, 1))
    .option('--seed <number>', 'another seed, another text', wholeNumber, 0)
    .option('-n, --count <number>', 'how many texts, with seeds that count up', positiveNumber, 1)
    .addOption(new Option('-c, --checkpoint <which>', 'which weights').choices(['best', 'last']).default('best'))
    .action(async (reference: string, given: string, options: GenerateOptions, command: Command) => {
      const prompt = await givenText(given);
      const workspace = await existingWorkspaceOf(command);
      const how = { checkpoint: options.checkpoint, head: headThatContinues, onPassedOver: say };
      const predictor = await openNetworkPredictor(await findTrainedNetwork(workspace, reference, how));
      const { tokens, temperature, topK, topP } = options;
      const sampling = {
        tokens,
        temperature,
        ...(topK !== undefined && { topK }),
        ...(topP !== undefined && { topP }),
      };
      try {
        const texts: { seed: number; text: string; tokens: GeneratedToken[] }[] = [];
        for (let seed = options.seed; seed < options.seed + options.count; seed++) {
          const generated: GeneratedToken[] = [];
          for await (const token of predictor.generate({ text: prompt, seed, ...sampling })) generated.push(token);
          const text = generated[generated.length - 1]?.text ?? prompt;
          texts.push({ seed, text, tokens: generated });
          if (!globalsOf(command).json) print(text);
        }
        if (globalsOf(command).json) printJson({ run: predictor.id, step: predictor.step, texts });
      } finally {
        await predictor.close();
      }
    });
}
