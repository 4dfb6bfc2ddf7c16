/** How a person asks a task: the form that it names, or one that suits what it reads. */
import type { DemoForm } from '../../shared/contract/demos.ts';
import type { PipelineInput } from '../nn/block.ts';
import type { TaskDefinition } from './task.ts';

const formsOfInputs: Readonly<Record<PipelineInput['kind'], DemoForm>> = {
  tokens: 'other',
  image: 'classify-image',
  frames: 'classify-sound',
};

export function demoFormOf({ demo }: Pick<TaskDefinition<unknown>, 'demo'>, input: PipelineInput['kind']): DemoForm {
  return demo?.form(input) ?? formsOfInputs[input];
}
