/**
 * Which web pages may open a WebSocket here. A browser says in Origin who asks; programs that are
 * no browsers send none, or any they like, so this protects users of browsers, not the node.
 */
export class OriginList {
  readonly #origins: ReadonlySet<string>

  /** As isOrigin() takes them; none: every page may. */
  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()))
  }

  get admitsAll(): boolean {
    return this.#origins.size === 0
  }

  /** `origin`: value of the header, '' where there was none. */
  admits(origin: string): boolean {
    if (this.admitsAll || origin === '') return true
    return this.#origins.has(origin.toLowerCase())
  }
}

/** "https://example.org", as browsers write it: no path, no port that is the scheme's own. */
export function isOrigin(text: string): boolean {
  if (text === 'null') return true
  try {
    const { origin } = new URL(text)
    return origin !== 'null' && origin === text.toLowerCase()
  } catch {
    return false
  }
}
