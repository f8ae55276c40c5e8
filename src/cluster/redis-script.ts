/**
 * A Lua script with its name and digest. Scripts are called by digest and sent only where the
 * server does not have them. The name carries a version, which is part of the text, so that two
 * versions of pushctl on one Redis never run each other's scripts.
 */
import { createHash } from 'node:crypto'

export interface RedisScript {
  /** As in "claim.1". */
  readonly name: string
  readonly text: string
  readonly digest: string
  /**
   * It gives numbers to messages. No server has it that nodes have not checked their devices
   * against: a replica that took over may know less than its master, and would give some twice.
   */
  readonly givesNumbers: boolean
}

export function defineScript(
  name: string,
  version: number,
  body: string,
  { givesNumbers = false } = {},
): RedisScript {
  const full = `${name}.${version}`
  // A Redis that is full (maxmemory) refuses pushes; leases, logins and acks go on, which empty it.
  const head = givesNumbers ? '' : '#!lua flags=allow-oom\n'
  const text = `${head}-- pushctl ${full}\n${body.trim()}\n`
  const digest = createHash('sha1').update(text).digest('hex')
  return { name: full, text, digest, givesNumbers }
}
