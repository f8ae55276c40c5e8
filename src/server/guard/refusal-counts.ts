/**
 * Every refusal of a shard or of the main thread, counted by reason: what /metrics shows as
 * pushctl_refusals_total. A reason that is not in this list does not compile.
 */
export const REFUSAL_REASONS = [
  /** Connections from an address that --deny names, or that --allow does not. */
  'address-denied',
  /** Connections beyond --address-connect-rate. */
  'address-rate',
  /** Connections of a trusted proxy that did not begin with a PROXY header. */
  'proxy-header',
  /** WebSocket requests of a page that --allow-origin does not name. */
  'origin',
  /** HELLOs at load level 2 and above (4100). */
  'overloaded',
  /** Devices beyond --device-frame-rate (4101). */
  'frame-rate',
  /** Devices beyond --device-byte-rate (4101). */
  'byte-rate',
  /** Pushes to one device beyond --device-push-rate. */
  'push-rate',
  /** Upstream data at load level 3 (SENT status 2). */
  'upstream-overloaded',
  /** Broadcasts and pushes to a tag at load level 3. */
  'broadcast-overloaded',
  /** Devices with a payload key that this node does not have, or payloads that it does not open. */
  'payload-key',
] as const

export type RefusalReason = (typeof REFUSAL_REASONS)[number]

export class RefusalCounts {
  readonly #counts: Partial<Record<RefusalReason, number>> = {}

  add(reason: RefusalReason, count = 1): void {
    this.#counts[reason] = (this.#counts[reason] ?? 0) + count
  }

  /** Those that were counted at least once. */
  snapshot(): Readonly<Record<string, number>> {
    return { ...this.#counts }
  }
}

export function sumRefusals(
  parts: readonly Readonly<Record<string, number>>[],
): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {}
  for (const counts of parts) {
    for (const [reason, count] of Object.entries(counts)) sums[reason] = (sums[reason] ?? 0) + count
  }
  return sums
}
