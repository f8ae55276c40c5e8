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
}

export function defineScript(name: string, version: number, body: string): RedisScript {
  const full = `${name}.${version}`
  const text = `-- pushctl ${full}\n${body.trim()}\n`
  return { name: full, text, digest: createHash('sha1').update(text).digest('hex') }
}
