/** Gives a file to the browser, which keeps it where downloads go. */
export function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has taken hold of the file by the next turn.
  window.setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
