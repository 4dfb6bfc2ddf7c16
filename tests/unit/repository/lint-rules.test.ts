import { RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, it } from 'vitest';
import { labRules } from '../../../scripts/lint-rules.ts';

RuleTester.describe = describe;
RuleTester.it = it;

const tester = new RuleTester({ languageOptions: { parser: tseslint.parser } });

tester.run('file-name', labRules.rules['file-name'], {
  valid: [
    { code: '', filename: 'src/masked-words.ts' },
    { code: '', filename: 'src/kernels.wasm.ts' },
    { code: '', filename: '.dependency-cruiser.js' },
    { code: '', filename: 'src/AppShell.vue' },
  ],
  invalid: [
    { code: '', filename: 'src/maskedWords.ts', errors: [{ messageId: 'name' }] },
    { code: '', filename: 'src/Masked_Words.ts', errors: [{ messageId: 'name' }] },
    { code: '', filename: 'src/app-shell.vue', errors: [{ messageId: 'name' }] },
  ],
});

tester.run('named-exports', labRules.rules['named-exports'], {
  valid: ['export const a = 1;', 'export { b } from "b";'],
  invalid: [
    { code: 'export default 1;', errors: [{ messageId: 'named' }] },
    { code: 'const a = 1; export { a as default };', errors: [{ messageId: 'named' }] },
  ],
});

tester.run('reasoned-assertion', labRules.rules['reasoned-assertion'], {
  valid: [
    'const a = [1, 2] as const;',
    'const a = b as Text; // the schema has been checked above',
    '// the schema has been checked above\nconst a = b as Text;',
    '// the schema has been checked above\nconst a = call(\n  b as Text,\n);',
    'const a = call(\n  // the schema has been checked above\n  b as Text,\n);',
  ],
  invalid: [
    { code: 'const a = b as Text;', errors: [{ messageId: 'reason' }] },
    { code: '// about something else\n\nconst a = b as Text;', errors: [{ messageId: 'reason' }] },
    { code: 'const a = b as unknown as Text;', errors: [{ messageId: 'reason' }, { messageId: 'reason' }] },
  ],
});

tester.run('no-timed-waits', labRules.rules['no-timed-waits'], {
  valid: [
    'await vi.waitFor(check, { timeout: 60_000 });',
    'await new Promise((resolve) => setTimeout(resolve, delay));',
    'setTimeout(stop, 100);',
  ],
  invalid: [
    { code: 'await vi.waitFor(check);', errors: [{ messageId: 'short' }] },
    { code: 'await new Promise((resolve) => setTimeout(resolve, 100));', errors: [{ messageId: 'event' }] },
    { code: 'await page.waitForTimeout(100);', errors: [{ messageId: 'seen' }] },
  ],
});
