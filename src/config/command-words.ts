/**
 * A command that a user gives in one option, as words: --remote-shell of bench and of rollout. No
 * shell reads it, so what stands for a host in it can only ever be a part of its own word.
 */

const WORDS_MAX = 64

/** Words divided by blanks; '…' and "…" keep theirs, and mean nothing else. A text: its fault. */
export function commandWords(text: string): string[] | string {
  const words: string[] = []
  const pattern = /\s*((?:[^\s'"]|'[^']*'|"[^"]*")+)/gy
  let end = 0
  for (const match of text.matchAll(pattern)) {
    words.push(match[1].replace(/'([^']*)'|"([^"]*)"/g, (_, one = '', two = '') => one + two))
    end = match.index + match[0].length
  }
  if (text.slice(end).trim() !== '') return `has a quote without its end: ${text}`
  if (words.length === 0 || words.length > WORDS_MAX) {
    return `must be a command of 1 to ${WORDS_MAX} words, got "${text}"`
  }
  return words
}
