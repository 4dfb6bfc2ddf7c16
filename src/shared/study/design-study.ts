/**
 * A transfer study from a few choices: the same experiment on labelled data, begun from a pretrained network and from scratch, at
 * each label budget and for each seed, beside frozen features and the best method without a network. All arms read the same
 * examples, and both networks choose their learning rate by as many trials.
 */
import type { TaskInformation } from '../contract/registry.ts';
import { mediumOf } from '../spec/data-kind.ts';
import type { LabelFormat } from '../spec/label-format.ts';

export type BudgetOption = 'total' | 'perClass';

type JsonObject = Record<string, unknown>;

/** Seeds of a study that nobody chose otherwise: fewer hardly show a spread. */
export const usualSeeds = 5;

export interface StudyChoice {
  readonly name: string;
  /** The pretrained run. */
  readonly source: string;
  readonly budgets: readonly number[];
  readonly budgetOption: BudgetOption;
  /** One more condition without a limit. */
  readonly allLabels: boolean;
  readonly seeds: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** What is compared; empty for the task's own. */
  readonly metric: string;
  /** Further arms: frozen features, and the best method that needs no network. */
  readonly withBaselines: boolean;
  /** Whether frozen features are read by a linear method, or by the head that is trained alone. */
  readonly hasLinearProbe: boolean;
  /** Whether both networks choose their learning rate on validation data. */
  readonly tuned: boolean;
}

/** What the design has to know of a task. */
export type DesignedTask = Pick<
  TaskInformation,
  'type' | 'kind' | 'data' | 'options' | 'fewLabels' | 'comparesMethods' | 'labels'
>;

/** The ways in which a task limits its labels, the one that suits it best first. */
export function budgetOptionsOf(task: DesignedTask | undefined): readonly BudgetOption[] {
  const { properties } = task?.options ?? {};
  const budget = isObject(properties) ? properties.labelBudget : undefined;
  const known = isObject(budget) && isObject(budget.properties) ? budget.properties : {};
  const order: readonly BudgetOption[] =
    task?.fewLabels.budget === 'perClass' ? ['perClass', 'total'] : ['total', 'perClass'];
  return order.filter((option) => option in known);
}

/**
 * Supervised tasks on the kind of data that a pretext task learns from; those that suit the labels come first, and of them those
 * that methods without a network can do.
 * @param labels what the data have, where it is chosen
 */
export function tasksFor<Task extends DesignedTask>(
  pretext: string,
  tasks: readonly Task[],
  labels: LabelFormat['kind'] = 'classes',
): readonly Task[] {
  const kinds = tasks.find(({ type }) => type === pretext)?.data ?? [];
  const media = new Set(kinds.map(mediumOf));
  return tasks
    .filter(({ kind, data }) => kind === 'supervised' && data.some((one) => media.has(mediumOf(one))))
    .toSorted(
      (one, other) =>
        Number(other.labels.includes(labels)) - Number(one.labels.includes(labels)) ||
        Number(other.comparesMethods) - Number(one.comparesMethods),
    );
}

/** `20, 50 200` → [20, 50, 200]: in order, each once. Null for anything but whole numbers above 0. */
export function parseBudgets(text: string): readonly number[] | null {
  const parts = text.split(/[\s,;]+/u).filter((part) => part !== '');
  const numbers = parts.map(Number);
  if (numbers.some((count) => !Number.isSafeInteger(count) || count < 1)) return null;
  return [...new Set(numbers)].toSorted((one, other) => one - other);
}

/** Labelled examples and classes of a material, as its manifest counts them. */
export function sizeOf(counts: Readonly<Record<string, unknown>>): readonly [examples: number, classes: number] {
  const numbers = [counts.examples, counts.images, counts.recordings].filter((count) => typeof count === 'number');
  return [Math.max(0, ...numbers), typeof counts.classes === 'number' ? counts.classes : 2];
}

/** Where to begin: few labels, where pretraining tells most, and as many as there comfortably are. */
export function suggestBudgets(examples: number, classes: number, option: BudgetOption): readonly number[] {
  const most = option === 'total' ? examples * 0.5 : (examples / Math.max(1, classes)) * 0.4;
  const candidates = option === 'total' ? [20, 50, 100, 300, 1000, 3000] : [2, 5, 10, 20, 50];
  const fitting = candidates.filter((count) => count <= most && (option === 'perClass' || count >= 4 * classes));
  // Three of them are a curve: the smallest, the largest but not more than some hundred, and one between.
  return fitting.slice(0, 4).filter((_, index, all) => all.length < 4 || index !== 2);
}

/** A name of the workspace's: lower case, dashes; with a number where it is taken. */
export function studyName(source: { readonly name: string }, data: string, taken: readonly string[]): string {
  const base = `${source.name}-on-${data}`
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/gu, '-')
    .replace(/^[^a-z0-9]+/u, '')
    .slice(0, 44); // names of runs add condition, arm and seed
  if (!taken.includes(base)) return base;
  let number = 2;
  while (taken.includes(`${base}-${number}`)) number += 1;
  return `${base}-${number}`;
}

export function conditionName(option: BudgetOption, labels: number): string {
  return option === 'total' ? `${labels}-labels` : `${labels}-labels-a-class`;
}

/**
 * @param suggested the lab's suggestion for fine-tuning the source on the data: task, data, pipeline, `from`
 * @param readsText whether the source reads text: from scratch it is read with the same tokenizer
 */
export function studyOf(choice: StudyChoice, suggested: JsonObject, readsText: boolean): JsonObject {
  const { source, budgetOption } = choice;
  const from = { 'from.run': source };
  const { name: _name, from: _from, ...rest } = suggested;
  const experiment = {
    ...rest,
    training: { steps: choice.steps, batchSize: choice.batchSize, learningRate: choice.learningRate },
  };
  return {
    name: choice.name,
    notes: `What does ${source} gain over training from scratch, at each label budget?`,
    experiment,
    arms: [
      { name: 'pretrained', settings: from },
      ...(choice.withBaselines
        ? [
            choice.hasLinearProbe
              ? { name: 'frozen', title: 'frozen features', method: 'frozen-features', settings: from }
              : { name: 'frozen', title: 'frozen features', settings: { ...from, freeze: ['backbone'] } },
            { name: 'baseline', title: 'best method without a network', method: 'baseline' },
          ]
        : []),
      { name: 'scratch', settings: readsText ? { 'tokenizer.run': source } : {} },
    ],
    conditions: [
      ...choice.budgets.map((labels) => ({
        name: conditionName(budgetOption, labels),
        settings: { 'task.labelBudget': { [budgetOption]: labels } },
      })),
      ...(choice.allLabels ? [{ name: 'all-labels', settings: {} }] : []),
    ],
    ...(choice.tuned && { tune: { 'training.learningRate': ratesAround(choice.learningRate) } }),
    ...(choice.metric !== '' && { metric: choice.metric }),
    seeds: Array.from({ length: choice.seeds }, (_, index) => index + 1),
  };
}

/** A third and three times a rate beside it: where the best one usually is. */
function ratesAround(rate: number): readonly number[] {
  return [rate / 3, rate, rate * 3].map((value) => Number(value.toPrecision(2)));
}

/** The experiment of one cell, to be planned: the pretrained arm at the largest budget. */
export function largestCell(choice: StudyChoice, study: JsonObject): JsonObject {
  const experiment = isObject(study.experiment) ? study.experiment : {};
  const task = isObject(experiment.task) ? experiment.task : { type: experiment.task };
  const labels = choice.allLabels ? undefined : choice.budgets.at(-1);
  return {
    ...experiment,
    name: choice.name,
    from: { run: choice.source },
    task: { ...task, ...(labels !== undefined && { labelBudget: { [choice.budgetOption]: labels } }) },
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
