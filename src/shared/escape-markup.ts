const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand in HTML, SVG and their attributes. Control characters, which XML does not allow at all, become �. */
export function escapeMarkup(text: string): string {
  return text
    .replace(/[&<>"']/gu, (sign) => entities[sign] ?? sign)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/gu, '�');
}
