/**
 * What scripts/build-kernels.ts uses of `assemblyscript/asc`. The package's own types declare AssemblyScript's globals, in which
 * `Array.prototype.at` never answers undefined, for every file that is checked together with the script.
 */
export interface CompilerOptions {
  readonly readFile: (name: string) => string | null;
  readonly writeFile: (name: string, contents: Uint8Array | string) => void;
  readonly listFiles: () => readonly string[];
}

declare const asc: {
  readonly main: (options: readonly string[], host: CompilerOptions) => Promise<{ readonly error: Error | null }>;
};
export default asc;
