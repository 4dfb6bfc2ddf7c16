/** Gives a file to the person: the browser's download, or the desktop window's, which asks where. */
export function download(fileName: string, content: string, mediaType: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: `${mediaType};charset=utf-8` }));
  follow(fileName, url);
  // The download reads the address after this turn.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}

/** @param url a `data:` address */
export function downloadPicture(fileName: string, url: string): void {
  follow(fileName, url);
}

function follow(fileName: string, url: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.click();
}

/** Letters, digits and dashes of a title, as the name of a file. */
export function fileNameOf(title: string): string {
  return (
    title
      .replace(/[^\p{Letter}\p{Number}.]+/gu, '-')
      .replace(/^-+|-+$/g, '')
      .toLowerCase() || 'chart'
  );
}
