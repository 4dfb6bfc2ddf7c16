// Lint rules of this project that no published plugin has: they hold the habits that a reader relies on.
import path from 'node:path';

const kebabCase = /^[a-z0-9]+(?:[-.][a-z0-9]+)*$/;
const pascalCase = /^[A-Z][A-Za-z0-9]*$/;

/** Files are kebab-case (`masked-words.ts`), Vue components PascalCase (`AppShell.vue`). */
const fileName = {
  meta: { type: 'suggestion', schema: [], messages: { name: "'{{name}}' should be {{style}}" } },
  create(context) {
    const { name, ext } = path.parse(context.filename);
    const [pattern, style] = ext === '.vue' ? [pascalCase, 'PascalCase'] : [kebabCase, 'kebab-case'];
    return {
      Program(node) {
        if (!pattern.test(name)) context.report({ node, messageId: 'name', data: { name: name + ext, style } });
      },
    };
  },
};

/** `value as Type` switches the type checker off, so a comment on its line, or just above its statement, says why. */
const reasonedAssertion = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: { reason: "say in a comment on this line or the line above why 'as' is right here, or avoid it" },
  },
  create(context) {
    const commentedLines = new Set(
      context.sourceCode.getAllComments().flatMap((comment) => {
        const { start, end } = comment.loc;
        return Array.from({ length: end.line - start.line + 1 }, (_, index) => start.line + index);
      }),
    );
    const isStatement = (node) => /Statement$|Declaration$|^PropertyDefinition$|^Program$/.test(node.type);
    return {
      TSAsExpression(node) {
        const { typeAnnotation: type } = node;
        if (type.type === 'TSTypeReference' && type.typeName.name === 'const') return;
        let statement = node;
        while (!isStatement(statement)) statement = statement.parent;
        const lines = [statement.loc.start.line - 1, node.loc.start.line - 1];
        for (let line = node.loc.start.line; line <= node.loc.end.line; line++) lines.push(line);
        if (!lines.some((line) => commentedLines.has(line))) context.report({ node, messageId: 'reason' });
      },
    };
  },
};

/** One thing has one name everywhere: named exports only. */
const namedExports = {
  meta: { type: 'suggestion', schema: [], messages: { named: 'export by name; default exports are renamed at will' } },
  create(context) {
    const report = (node) => context.report({ node, messageId: 'named' });
    return {
      ExportDefaultDeclaration: report,
      'ExportSpecifier[exported.name="default"]': report,
    };
  },
};

export const labRules = {
  rules: { 'file-name': fileName, 'reasoned-assertion': reasonedAssertion, 'named-exports': namedExports },
};
