/** Sound from the lab as an address that a page may play: its policy plays nothing but what was made in the page. */

/** An object address of a `data:audio/wav;base64,…`; whoever asks for it revokes it. */
export function soundAddress(dataUrl: string): string {
  const bytes = Uint8Array.from(atob(dataUrl.slice(dataUrl.indexOf(',') + 1)), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: 'audio/wav' }));
}
