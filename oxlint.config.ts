// Typed linting of TypeScript and JavaScript. Vue components are ESLint's (eslint.config.js).
import { defineConfig } from 'oxlint';
import { coreRules, notLinted, presetRules, typedRules } from './scripts/lint-settings.ts';

const assembly = '**/*.as.ts';

export default defineConfig({
  plugins: ['typescript'],
  jsPlugins: [{ name: 'lab', specifier: './scripts/lint-plugin.js' }],
  categories: { correctness: 'off' }, // the rules are named
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  // AssemblyScript has types that TypeScript does not know: its own compiler checks them.
  ignorePatterns: [...notLinted, '**/*.vue', assembly],
  rules: { ...coreRules, 'lab/file-name': 'error' },
  overrides: [
    {
      files: ['**/*.ts'],
      rules: { ...presetRules(), ...typedRules, 'lab/named-exports': 'error' },
    },
    { files: ['src/**/*.ts'], rules: { 'lab/reasoned-assertion': 'error' } },
    {
      // What is printed is the product here.
      files: ['src/main/cli.ts', 'src/main/hosts/cli/**', 'bench/**', 'scripts/**', '**/*.js'],
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
      files: ['tests/**/*.ts'],
      rules: {
        'lab/no-timed-waits': 'error',
        'no-restricted-imports': [
          'error',
          { name: 'node:timers/promises', message: "wait for what should happen ('eventually'), not for a time" },
        ],
      },
    },
    { files: ['tests/eventually.ts'], rules: { 'lab/no-timed-waits': 'off', 'no-restricted-imports': 'off' } },
    { files: ['*.config.ts'], rules: { 'lab/named-exports': 'off' } },
    {
      // Declarations describe what others wrote, as they wrote it.
      files: ['**/*.d.ts'],
      rules: { 'lab/named-exports': 'off', '@typescript-eslint/no-extraneous-class': 'off' },
    },
  ],
});
