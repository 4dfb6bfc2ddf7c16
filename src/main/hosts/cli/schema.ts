/** `pretext schema`: the JSON schema of experiment files, or of sweeps, for editors. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { experimentSchema, sweepSchema } from '../../runs/experiment-schema.ts';
import { printJson, say } from './output.ts';

export function registerSchema(schema: Command): void {
  schema
    .option('-o, --output <file>', 'write it to a file')
    .option('--sweep', "of files for 'pretext sweep'")
    .action(async ({ output, sweep = false }: { output?: string; sweep?: boolean }) => {
      const schema = sweep ? sweepSchema() : experimentSchema();
      if (output === undefined) {
        printJson(schema);
        return;
      }
      await writeFile(output, `${JSON.stringify(schema, null, 2)}\n`);
      say(`${output} written. In YAML, name it in a first line: # yaml-language-server: $schema=${output}`);
    });
}
