/**
 * "Did you mean": the known name nearest to what was typed, by edits (Damerau-Levenshtein, adjacent
 * swaps included).
 */

/** A name further off than a third of its letters would be a guess, not a suggestion. */
const EDIT_SHARE_MAX = 1 / 3
/** Above this the comparison is not worth its quadratic cost: nobody mistypes 80 letters. */
const NAME_LENGTH_MAX = 80

export function nearestName(typed: string, known: Iterable<string>): string | null {
  const wanted = typed.toLowerCase()
  if (wanted.length > NAME_LENGTH_MAX) return null
  let best: string | null = null
  let bestEdits = Number.POSITIVE_INFINITY
  for (const name of known) {
    const edits = countEdits(wanted, name.toLowerCase())
    const limit = Math.max(1, Math.floor(Math.max(name.length, wanted.length) * EDIT_SHARE_MAX))
    if (edits <= limit && edits < bestEdits) {
      best = name
      bestEdits = edits
    }
  }
  return best
}

/** Three rows of the edit matrix are enough: the one before last is needed for swaps. */
export function countEdits(from: string, to: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1]
      let edits = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      if (swapped) edits = Math.min(edits, beforeLast[j - 2]! + 1)
      row.push(edits)
    }
    beforeLast = last
    last = row
  }
  return last[to.length]!
}
