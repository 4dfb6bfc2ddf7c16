/** One HTML page from code, styles and data. Its policy lets nothing in from outside, and only the code that it came with run. */
import { createHash } from 'node:crypto';
import { escapeMarkup } from '../../../shared/escape-markup.ts';
import type { PlayerCode } from './player-code.ts';

export interface DemoPage extends Pick<PlayerCode, 'script' | 'style'> {
  readonly title: string;
  /** JSON and base64 by the id of their element. */
  readonly data: Readonly<Record<string, string>>;
}

/** The page as text. Its style, script and data are inside, and its policy names the script by its hash. */
export function demoPage({ title, script, style, data }: DemoPage): string {
  // Code inside of an element must not end it.
  const code = script.replace(/<\/script/giu, String.raw`<\/script`).replaceAll('<!--', String.raw`<\!--`);
  const policy = [
    "default-src 'none'",
    // WebAssembly is compiled from what the page brings along; text does not become code.
    `script-src '${hashOf(code)}' 'wasm-unsafe-eval'`,
    `style-src '${hashOf(style)}'`,
    'img-src data: blob:',
    'media-src blob:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const blocks = Object.entries(data).map(
    ([id, text]) => `<script type="application/json" id="${id}">${text.replaceAll('<', String.raw`\u003c`)}</script>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeMarkup(title)}</title>
<style>${style}</style>
</head>
<body>
<noscript>This page computes in the browser and needs JavaScript.</noscript>
${blocks.join('\n')}
<script>${code}</script>
</body>
</html>
`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
