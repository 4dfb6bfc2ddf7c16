/** The command-line entry: `pretext <command>`. */
import { keepCompiledCode } from './hosts/node/compiled-code.ts';

keepCompiledCode();
const { runCommandLine } = await import('./hosts/cli/index.ts'); // only now, to be found compiled
process.exitCode = await runCommandLine(process.argv.slice(2));
