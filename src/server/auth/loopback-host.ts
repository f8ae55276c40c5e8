/**
 * Whether a host part of a listener or a URL can be reached from this machine only. Names other
 * than localhost cannot be known.
 */
import { isIP } from 'node:net'

export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase()
  if (name === 'localhost' || name === '::1') return true
  const address = name.startsWith('::ffff:') ? name.slice('::ffff:'.length) : name
  return isIP(address) === 4 && address.startsWith('127.')
}
