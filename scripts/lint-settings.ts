/**
 * What the code is held to, by Oxlint in TypeScript and JavaScript and by ESLint in Vue components, whose templates only ESLint
 * reads. The compiler settings catch what is wrong; these rules hold how the code reads and what it must never do: no `any`, no
 * default exports, no floating promises, no console where output is not the point.
 */
import tseslint from 'typescript-eslint';

type Setting = 'off' | 'error' | readonly ['error', ...unknown[]];
export type LintRules = Readonly<Record<string, Setting>>;

export const notLinted = ['out/', 'coverage/', '**/generated/**', 'tests/fixtures/**'];

export const coreRules: LintRules = {
  eqeqeq: 'error',
  curly: ['error', 'multi-line'],
  'no-console': 'error',
  'no-control-regex': 'off', // control characters in text are exactly what the importers look for
  'no-else-return': 'error',
  'no-empty': 'error',
  'no-eval': 'error',
  'no-implicit-coercion': ['error', { boolean: false }],
  'no-self-compare': 'error',
  'no-unsafe-finally': 'error',
  'no-unused-labels': 'error',
  'no-useless-escape': 'error',
  'no-var': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
  'max-lines': ['error', 400],
};

export const typedRules: LintRules = {
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
  '@typescript-eslint/consistent-type-exports': 'error',
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
  '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
  '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
  // Indexing is checked (noUncheckedIndexedAccess); in a loop over a typed array `!` is the honest way to say
  // "the bound above guarantees it".
  '@typescript-eslint/no-non-null-assertion': 'off',
  // Numeric code is indexed code: several arrays of the same length, one counter.
  '@typescript-eslint/prefer-for-of': 'off',
  // An engine, transport or test double may be async by contract without awaiting anything.
  '@typescript-eslint/require-await': 'off',
  // Generic parameters that appear once are how op and block definitions tie their options to their code.
  '@typescript-eslint/no-unnecessary-type-parameters': 'off',
  // Named keys (`[name: string]`) say more than `Record`, and recursive types need them.
  '@typescript-eslint/consistent-indexed-object-style': 'off',
  // `type` and `interface` both have their place: unions and mapped types, and things that are implemented.
  '@typescript-eslint/consistent-type-definitions': 'off',
  // Interfaces are implemented by objects of closures, not by classes: their methods may be taken apart.
  '@typescript-eslint/unbound-method': 'off',
  '@typescript-eslint/no-meaningless-void-operator': 'off',
  // `String(value)` of what a form holds is for showing it.
  '@typescript-eslint/no-base-to-string': 'off',
  // A signal that carries nothing is a `Signal<void>`.
  '@typescript-eslint/no-invalid-void-type': 'off',
};

/** Two of the slowest rules, about what there is next to nothing of here: no enums (the syntax is erasable), few classes. */
export const slowRules: LintRules = {
  '@typescript-eslint/no-unsafe-enum-assignment': 'off',
  '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
};

/** The rules of typescript-eslint's strictest presets that are on, but for the slow ones, which Oxlint does not have. */
export function presetRules(): LintRules {
  const { strictTypeChecked, stylisticTypeChecked } = tseslint.configs;
  const rules = [...strictTypeChecked, ...stylisticTypeChecked].flatMap((config) => Object.entries(config.rules ?? {}));
  // presets hold settings of rules, none of them warnings
  return Object.fromEntries(rules.filter(([rule, setting]) => setting !== 'off' && !(rule in slowRules))) as LintRules;
}
