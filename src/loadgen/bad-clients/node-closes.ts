/**
 * What the node called the ends of connections while bad clients were there. They themselves rarely
 * see it: a BYE waits behind everything that they have not read.
 */
import type { NodeApi } from '../node-api.ts'

/** Ends that a client made, or a network: no decision of the node. */
const MADE_BY_CLIENTS = ['peer-end', 'peer-reset', 'socket-error', 'websocket-close']

export type Closes = Readonly<Record<string, number>>

export class NodeCloses {
  readonly #api: NodeApi | null
  #before: Promise<Closes | null> | null = null

  /** @param api null where the target has none */
  constructor(api: NodeApi | null) {
    this.#api = api
  }

  /** Counts from here; later calls change nothing. */
  begin(): void {
    this.#before ??= this.#read()
  }

  /** Since then, by name, most frequent first; null where the node did not say. */
  async sinceBegin(): Promise<Closes | null> {
    const [before, after] = await Promise.all([this.#before, this.#read()])
    if (before === null || after === null) return null
    return closesBetween(before, after)
  }

  async #read(): Promise<Closes | null> {
    const facts = await this.#api?.describe().catch(() => null)
    return facts?.closes ?? null
  }
}

/** A node that began anew in between counts from zero again. */
export function closesBetween(before: Closes, after: Closes): Closes {
  const rows = Object.entries(after)
    .filter(([name]) => !MADE_BY_CLIENTS.includes(name))
    .map(([name, count]) => {
      const known = before[name] ?? 0
      return [name, count < known ? count : count - known] as const
    })
    .filter(([, count]) => count > 0)
  return Object.fromEntries(rows.sort(([, one], [, other]) => other - one))
}
