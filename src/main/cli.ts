/** The command-line entry: `pretext <command>`. */
import { runCommandLine } from './hosts/cli/index.ts';

process.exitCode = await runCommandLine(process.argv.slice(2));
