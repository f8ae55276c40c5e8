/**
 * One thing known, or not known, about the host. A check can reach a value only after it has asked
 * `known`, so that "could not read it" cannot turn into "it is fine". The cost is a small object
 * per fact, read once a run.
 */
export interface Known<T> {
  readonly known: true
  readonly value: T
  /** The file or command the value came from, as a person would type it. */
  readonly source: string
}

export interface Unknown {
  readonly known: false
  /** One clause that completes "unknown, because …". */
  readonly reason: string
  readonly source: string
}

export type Fact<T> = Known<T> | Unknown

export function known<T>(value: T, source: string): Known<T> {
  return { known: true, value, source }
}

export function unknown(reason: string, source: string): Unknown {
  return { known: false, reason, source }
}

/** Derives a fact; what was unknown stays unknown, for the same reason. */
export function mapFact<T, U>(fact: Fact<T>, derive: (value: T) => U): Fact<U> {
  return fact.known ? known(derive(fact.value), fact.source) : fact
}

/** As `mapFact`, for derivations that can fail: `null` becomes unknown with `reasonIfNull`. */
export function pickFact<T, U>(
  fact: Fact<T>,
  derive: (value: T) => U | null | undefined,
  reasonIfNull: string,
): Fact<U> {
  if (!fact.known) return fact
  const derived = derive(fact.value)
  return derived === null || derived === undefined
    ? unknown(reasonIfNull, fact.source)
    : known(derived, fact.source)
}

/** The first known fact of several, or the first unknown one. */
export function firstKnown<T>(first: Fact<T>, ...others: readonly Fact<T>[]): Fact<T> {
  return [first, ...others].find((fact) => fact.known) ?? first
}
