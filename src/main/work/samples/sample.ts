/** What a sample project is: material that packages of the installation bring along, and experiments on it. */
import type { MaterialGroup } from '../../workspace/catalogue.ts';
import type { Workspace } from '../../workspace/workspace.ts';

export interface SampleRequest {
  readonly workspace: Workspace;
  /** For files on the way; emptied afterwards. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: {
    readonly phase: string;
    readonly done: number;
    readonly total: number;
    readonly unit?: string;
    readonly skipped?: number;
  }) => void;
}

export interface SampleMaterial {
  readonly group: MaterialGroup;
  readonly name: string;
  make(request: SampleRequest): Promise<unknown>;
}

export interface Sample {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  readonly content: 'text' | 'images' | 'sequences';
  /** Packages whose files it reads. */
  readonly packages: readonly string[];
  readonly materials: readonly SampleMaterial[];
  /** In the order in which they build on each other. */
  readonly experiments: readonly Readonly<Record<string, unknown>>[];
}
