/**
 * "always [madvise] never" → "madvise": how sysfs shows a choice (transparent_hugepage, cpuidle,
 * clock scheduler).
 */
export function parseBracketedChoice(text: string): string | null {
  return /\[([^\]\s]+)\]/.exec(text)?.[1] ?? null
}
