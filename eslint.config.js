// For Vue components alone: Oxlint (oxlint.config.ts), which is ten times faster, reads no templates and looks at the rest.
import vue from 'eslint-plugin-vue';
import tseslint from 'typescript-eslint';
import { componentParser } from './scripts/lint-parser.ts';
import { labRules } from './scripts/lint-rules.ts';
import { coreRules, notLinted, slowRules, typedRules } from './scripts/lint-settings.ts';

export default tseslint.config(
  { ignores: [...notLinted, '**/*.ts', '**/*.js'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.vue'],
    extends: [
      ...tseslint.configs.strictTypeChecked,
      ...tseslint.configs.stylisticTypeChecked,
      ...vue.configs['flat/recommended'],
    ],
    plugins: { lab: labRules },
    languageOptions: {
      parserOptions: {
        parser: componentParser,
        projectService: true,
        extraFileExtensions: ['.vue'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      ...coreRules,
      ...typedRules,
      ...slowRules,
      'lab/file-name': 'error',
      'lab/reasoned-assertion': 'error',
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
      // Prettier lays templates out.
      'vue/html-closing-bracket-newline': 'off',
      'vue/html-indent': 'off',
      'vue/html-self-closing': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/singleline-html-element-content-newline': 'off',
    },
  },
);
