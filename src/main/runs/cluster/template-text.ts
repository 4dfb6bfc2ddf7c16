/** Text with `{names}` in the files of schedulers: what they stand for, and how it is quoted where it goes. */
import { LabError } from '../../../shared/errors.ts';
import { nearest } from '../../../shared/spec/problems.ts';

export type Values = Readonly<Record<string, string | number>>;

// `${name}` is a variable of the shell; `{{` and `}}` are braces.
const placeholder = /\{\{|\}\}|(?<!\$)\{([a-zA-Z]+)(\|quoted)?\}/g;

/** The names in a text. */
export function namesOf(text: string): readonly string[] {
  return [...text.matchAll(placeholder)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** Throws `LabError('bad-spec')` for a name that is not a placeholder that is known here. */
export function fill(text: string, values: Values, quote: (value: string) => string = String): string {
  return text.replace(placeholder, (whole, name: string | undefined, quoted: string | undefined) => {
    if (name === undefined) return whole.charAt(0);
    const value = values[name];
    if (value === undefined) {
      throw new LabError(
        'bad-spec',
        `{${name}} is not a placeholder that is known here${hint(name, Object.keys(values))}`,
      );
    }
    return quoted === undefined ? quote(String(value)) : quoteForShell(String(value));
  });
}

/** For the end of an error message: the name that was probably meant, or all that there are. */
export function hint(name: string, known: readonly string[]): string {
  const guess = nearest(name, known);
  return guess === undefined ? `. There is: ${known.join(', ')}` : `. Did you mean '${guess}'?`;
}

/** One word for any POSIX shell. */
export function quoteForShell(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

/** One scalar of YAML, which has the strings of JSON; numbers stay numbers. */
export function quoteForYaml(value: string): string {
  return /^\d+$/.test(value) ? value : JSON.stringify(value);
}
