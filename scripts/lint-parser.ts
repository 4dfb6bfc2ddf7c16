/**
 * The parser of the scripts in Vue components, for rules that ask for types. All components are checked in one program. A project
 * service, which typed rules have otherwise, makes a new one for each component, because it takes their scripts for changed files.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import tseslint from 'typescript-eslint';

/** As much of the parser's options as matters here. */
interface ParserOptions {
  readonly filePath?: string;
  readonly projectService?: unknown;
}

const configuration = path.resolve(import.meta.dirname, '../src/renderer/tsconfig.json');

/** The script of a component, as the parser of components hands it over; empty where there is none. */
function scriptOf(component: string): string {
  return /<script\b[^>]*>([^]*?)<\/script>/.exec(component)?.[1] ?? '';
}

function createProgram(): ts.Program {
  const parsed = ts.getParsedCommandLineOfConfigFile(
    configuration,
    undefined,
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: ({ messageText }) => fail(messageText) },
    undefined,
    undefined,
    [{ extension: '.vue', isMixedContent: true, scriptKind: ts.ScriptKind.Deferred }],
  );
  if (!parsed) return fail('it cannot be read');
  const options = { ...parsed.options, allowNonTsExtensions: true };
  const host = ts.createCompilerHost(options, true);
  const original = host.getSourceFile.bind(host);
  host.getSourceFile = (file, ...rest) =>
    file.endsWith('.vue')
      ? ts.createSourceFile(file, scriptOf(readFileSync(file, 'utf8')), rest[0], true, ts.ScriptKind.TS)
      : original(file, ...rest);
  return ts.createProgram({ rootNames: parsed.fileNames, options, host });
}

function fail(message: string | ts.DiagnosticMessageChain): never {
  throw new Error(`${configuration}: ${ts.flattenDiagnosticMessageText(message, '\n')}`);
}

let program: ts.Program | undefined;

type Parsed = ReturnType<typeof tseslint.parser.parseForESLint>;
/** Its types leave the options out. */
const parse = tseslint.parser.parseForESLint as (code: string, options: object) => Parsed;

/** Expressions of templates come without a project; a script that was changed meanwhile (`--fix`) has to be asked for by the service. */
export const componentParser = {
  ...tseslint.parser,
  parseForESLint(code: string, options: ParserOptions): Parsed {
    const { projectService, ...others } = options;
    if (!projectService || options.filePath === undefined) return parse(code, options);
    program ??= createProgram();
    const known = program.getSourceFile(path.resolve(options.filePath));
    return known?.text === code ? parse(code, { ...others, programs: [program] }) : parse(code, options);
  },
};
