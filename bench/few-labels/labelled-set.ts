/**
 * What the bench `few-labels` measures on: a labelled set, material without labels beside it, the ways to pretrain, and what all
 * are compared with. Nothing here knows of images or texts: a further set is a further value of `LabelledSet`.
 */
import type { Workspace } from '../../src/main/workspace/workspace.ts';

/** A part of an experiment as it is written in a file. */
export type SpecPart = Readonly<Record<string, unknown>>;

export interface Pretraining {
  /** Short, for names of runs: letters, digits, dashes. */
  readonly name: string;
  readonly title: string;
  /** An experiment without name, steps and seed. */
  readonly experiment: SpecPart;
}

export interface LabelledSet {
  readonly name: string;
  readonly title: string;
  /** What the classes are, and what is pretrained on. */
  readonly about: string;
  /** What examples are called: images, passages. */
  readonly examples: string;
  /** Imports the material into the workspace unless it is there. Throws `LabError('not-found')` saying what to install. */
  prepare(workspace: Workspace, signal: AbortSignal): Promise<void>;
  readonly pretrainings: readonly Pretraining[];
  /** The supervised experiment without name and seed; it is fine-tuned from scratch as it is, with its own pipeline. */
  readonly supervised: SpecPart;
  /** Labels a class. */
  readonly budgets: readonly number[];
  /** Settings that are tried for trained arms on validation data. */
  readonly tune: SpecPart;
  /** Option of the supervised task that limits the labels of a class. */
  readonly budgetOption: string;
}
