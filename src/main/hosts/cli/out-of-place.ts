/** Options that have no effect beside others that were given: they are refused, so that none is passed over in silence. */
import type { Command } from 'commander';

/**
 * Ends with wrong usage if one of `names` (as in the options object: `textColumn`) was given; `why` goes on after "has no effect".
 * @throws CommanderError
 */
export function refuseOutOfPlace(command: Command, names: readonly string[], why: string): void {
  const given = command.options.find(
    (option) =>
      names.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (given !== undefined) command.error(`error: ${given.long ?? given.flags} has no effect ${why}`);
}
