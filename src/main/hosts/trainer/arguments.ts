/** What a trainer is started with: `<workspace> <run id> [--threads n] [--shared]`. */
import { parseArgs } from 'node:util';

export interface TrainerArguments {
  readonly workspace: string;
  readonly run: string;
  /** Its share of the cores; by default all of them. */
  readonly threads: number | undefined;
  /** Whether its parent has further runs for it. */
  readonly shared: boolean;
}

/** Undefined for others. */
export function readArguments(words: readonly string[]): TrainerArguments | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: { threads: { type: 'string' }, shared: { type: 'boolean', default: false } },
    });
    const [workspace, run, ...rest] = positionals;
    const threads = values.threads === undefined ? undefined : Number(values.threads);
    if (workspace === undefined || run === undefined || rest.length > 0) return undefined;
    if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) return undefined;
    return { workspace, run, threads, shared: values.shared };
  } catch {
    return undefined;
  }
}
