/** Lint rules of this project that no published plugin has: they hold the habits that a reader relies on. */
import path from 'node:path';
import type { Rule } from 'eslint';

/** The one node of TypeScript's syntax that is looked at; ESLint's own types know JavaScript's nodes only. */
type AsExpression = Rule.Node & {
  readonly typeAnnotation: { readonly type: string; readonly typeName?: { readonly name?: string } };
};

const kebabCase = /^[a-z0-9]+(?:[-.][a-z0-9]+)*$/;
const pascalCase = /^[A-Z][A-Za-z0-9]*$/;

/** Files are kebab-case (`masked-words.ts`), Vue components PascalCase (`AppShell.vue`). */
const fileName: Rule.RuleModule = {
  meta: { type: 'suggestion', schema: [], messages: { name: "'{{name}}' should be {{style}}" } },
  create(context) {
    const { name, ext } = path.parse(context.filename);
    const [pattern, style] = ext === '.vue' ? [pascalCase, 'PascalCase'] : [kebabCase, 'kebab-case'];
    return {
      Program(node) {
        if (pattern.test(name.replace(/^\./, ''))) return;
        context.report({ node, messageId: 'name', data: { name: name + ext, style } });
      },
    };
  },
};

/** `value as Type` switches the type checker off, so a comment on its line, or just above its statement, says why. */
const reasonedAssertion: Rule.RuleModule = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: { reason: "say in a comment on this line or the line above why 'as' is right here, or avoid it" },
  },
  create(context) {
    const commentedLines = new Set(
      context.sourceCode.getAllComments().flatMap(({ loc }) => (loc ? linesFrom(loc.start.line, loc.end.line) : [])),
    );
    return {
      TSAsExpression(node: Rule.Node) {
        // the selector says so
        if (isConstAssertion(node as AsExpression)) return;
        const [start, end] = [firstLine(node), node.loc?.end.line ?? 0];
        const lines = [firstLine(enclosingStatement(node)) - 1, ...linesFrom(start - 1, end)];
        if (!lines.some((line) => commentedLines.has(line))) context.report({ node, messageId: 'reason' });
      },
    };
  },
};

function linesFrom(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function firstLine(node: Rule.Node): number {
  return node.loc?.start.line ?? 0;
}

function isConstAssertion({ typeAnnotation: type }: AsExpression): boolean {
  return type.type === 'TSTypeReference' && type.typeName?.name === 'const';
}

function enclosingStatement(node: Rule.Node): Rule.Node {
  if (/Statement$|Declaration$|^PropertyDefinition$/.test(node.type) || node.parent === null) return node;
  return enclosingStatement(node.parent);
}

/** One thing has one name everywhere: named exports only. */
const namedExports: Rule.RuleModule = {
  meta: { type: 'suggestion', schema: [], messages: { named: 'export by name; default exports are renamed at will' } },
  create(context) {
    const report = (node: Rule.Node): void => {
      context.report({ node, messageId: 'named' });
    };
    return { ExportDefaultDeclaration: report, 'ExportSpecifier[exported.name="default"]': report };
  },
};

/** What stands for an event with a time fails on a machine that is busy elsewhere. */
const noTimedWaits: Rule.RuleModule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      short: "use 'eventually' (tests/eventually.ts): a second is too short on a busy machine",
      event: "wait for what should happen ('eventually'), not for a time",
      seen: 'wait for what should be seen, not for a time',
    },
  },
  create(context) {
    const report = (messageId: string) => (node: Rule.Node) => {
      context.report({ node, messageId });
    };
    return {
      "CallExpression[callee.object.name='vi'][callee.property.name='waitFor'][arguments.length<2]": report('short'),
      "NewExpression[callee.name='Promise'] CallExpression[callee.name='setTimeout'][arguments.1.type='Literal']":
        report('event'),
      "CallExpression[callee.property.name='waitForTimeout']": report('seen'),
    };
  },
};

export const labRules = {
  rules: {
    'file-name': fileName,
    'reasoned-assertion': reasonedAssertion,
    'named-exports': namedExports,
    'no-timed-waits': noTimedWaits,
  },
};
