/**
 * Texts that other hosts send, before they reach a terminal: what it would obey (colours, cursor,
 * titles, the answer-back) becomes a space. C0, DEL and C1 of ECMA-48; tabs and line ends too.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ')
}

/** For JSON.parse(): makes every text of a document printable. */
export function printableTexts(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? printable(value) : value
}
