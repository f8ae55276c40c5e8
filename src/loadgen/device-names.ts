/**
 * The ids of the simulated devices: a prefix that belongs to this run (so two benches do not kick
 * each other's devices off a node) and the number of the connection in a fixed number of digits, so
 * that a HELLO is a template with digits written in.
 */
export interface DeviceNames {
  readonly prefix: string
  readonly digits: number
}

const ZERO = 0x30

/** @param scope tells apart the hosts of one run; empty: there is one */
export function deviceNamesOf(runId: number, connections: number, scope = ''): DeviceNames {
  const run = runId.toString(36).padStart(7, '0')
  return { prefix: `bench-${run}-${scope}`, digits: String(Math.max(1, connections - 1)).length }
}

export function deviceIdOf(names: DeviceNames, index: number): string {
  return names.prefix + String(index).padStart(names.digits, '0')
}

/** Writes the digits of `index` into bytes[at, at + digits). Allocates nothing. */
export function writeDigits(bytes: Uint8Array, at: number, digits: number, index: number): void {
  let rest = index
  for (let position = at + digits - 1; position >= at; position--) {
    bytes[position] = ZERO + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}
