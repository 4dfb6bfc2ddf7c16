// Typed linting. The compiler settings catch what is wrong; these rules hold how the code reads and what it must never
// do: no `any`, no default exports, no floating promises, no console where output is not the point.
import vue from 'eslint-plugin-vue';
import tseslint from 'typescript-eslint';
import { labRules } from './scripts/lint-rules.ts';

const coreRules = {
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

const typedRules = {
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
  // Two of the slowest rules, about what there is next to nothing of here: no enums (the syntax is erasable), few classes.
  '@typescript-eslint/no-unsafe-enum-assignment': 'off',
  '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
  // `String(value)` of what a form holds is for showing it.
  '@typescript-eslint/no-base-to-string': 'off',
  // A signal that carries nothing is a `Signal<void>`.
  '@typescript-eslint/no-invalid-void-type': 'off',
};

export default tseslint.config(
  { ignores: ['out/', 'coverage/', '**/generated/**', 'tests/fixtures/**'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts', '**/*.vue'],
    ignores: ['**/*.as.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    plugins: { lab: labRules },
    languageOptions: {
      parserOptions: { projectService: true, extraFileExtensions: ['.vue'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      ...coreRules,
      ...typedRules,
      'lab/file-name': 'error',
      'lab/named-exports': 'error',
    },
  },
  { files: ['src/**/*.{ts,vue}'], ignores: ['**/*.as.ts'], rules: { 'lab/reasoned-assertion': 'error' } },
  {
    // AssemblyScript has types that TypeScript does not know: its own compiler checks them.
    files: ['**/*.as.ts'],
    plugins: { lab: labRules },
    languageOptions: { parser: tseslint.parser },
    rules: { 'lab/file-name': 'error' },
  },
  {
    files: ['**/*.vue'],
    extends: vue.configs['flat/recommended'],
    languageOptions: {
      parserOptions: { parser: tseslint.parser, projectService: true, extraFileExtensions: ['.vue'] },
    },
    rules: {
      'vue/block-lang': ['error', { script: { lang: 'ts' } }],
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-macros-order': 'error',
      'vue/no-unused-refs': 'error',
      'vue/no-v-html': 'error',
      'vue/prefer-true-attribute-shorthand': 'error',
      // Union types in templates look like filters; types of other components are the compiler's business (vue-tsc).
      'vue/no-deprecated-filter': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      'vue/require-default-prop': 'off', // the types say which props may be undefined
      'lab/named-exports': 'off', // a component is its file's default export
      // Prettier lays templates out.
      'vue/html-closing-bracket-newline': 'off',
      'vue/html-indent': 'off',
      'vue/html-self-closing': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/singleline-html-element-content-newline': 'off',
    },
  },
  {
    // What is printed is the product here.
    files: ['src/main/cli.ts', 'src/main/hosts/cli/**', 'bench/**', 'scripts/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['tests/**', 'bench/**'],
    rules: {
      // Matchers such as `expect.closeTo` and `expect.objectContaining` are typed `any`.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  {
    // What stands for an event with a time fails on a machine that is busy elsewhere.
    files: ['tests/**/*.ts'],
    ignores: ['tests/eventually.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='vi'][callee.property.name='waitFor'][arguments.length<2]",
          message: "use 'eventually' (tests/eventually.ts): a second is too short on a busy machine",
        },
        {
          selector:
            "NewExpression[callee.name='Promise'] CallExpression[callee.name='setTimeout'][arguments.1.type='Literal']",
          message: "wait for what should happen ('eventually'), not for a time",
        },
        {
          selector: "CallExpression[callee.property.name='waitForTimeout']",
          message: 'wait for what should be seen, not for a time',
        },
      ],
      'no-restricted-imports': [
        'error',
        { name: 'node:timers/promises', message: "wait for what should happen ('eventually'), not for a time" },
      ],
    },
  },
  { files: ['*.config.ts'], rules: { 'lab/named-exports': 'off' } },
  {
    // Declarations describe what others wrote, as they wrote it.
    files: ['**/*.d.ts'],
    rules: { 'lab/named-exports': 'off', '@typescript-eslint/no-extraneous-class': 'off' },
  },
  {
    files: ['**/*.js'],
    plugins: { lab: labRules },
    languageOptions: { ecmaVersion: 'latest', sourceType: 'module' },
    rules: { ...coreRules, 'no-console': 'off', 'no-undef': 'off', 'lab/file-name': 'error' },
  },
);
