/**
 * The addresses in a drain or a move: where devices are told to go. Checked here, because a BYE
 * with an address that no client can read sends devices nowhere.
 */
import { LIMITS } from '../../protocol/frame-types.ts'
import { ProblemError } from './problem.ts'

export const ADDRESSES_SCHEMA = {
  type: 'array',
  maxItems: LIMITS.addressCountMax,
  items: { type: 'string', maxLength: LIMITS.addressBytesMax },
  description:
    'Where devices go: host:port for TCP, ws:// and wss:// URLs for WebSocket. They are spread ' +
    'over them in turn; one that stands there twice gets twice as many',
}

/** Throws a ProblemError where one is neither host:port nor a URL for devices. */
export function readAddresses(value: unknown): readonly string[] {
  const { addressCountMax, addressBytesMax } = LIMITS
  if (!Array.isArray(value) || value.length > addressCountMax) {
    throw new ProblemError('bad-field', `"addresses" must be at most ${addressCountMax} addresses`)
  }
  for (const address of value) {
    if (typeof address === 'string' && isDeviceAddress(address)) continue
    const got = JSON.stringify(address)?.slice(0, 60)
    const rule = `host:port, ws:// or wss:// URL of at most ${addressBytesMax} bytes`
    throw new ProblemError('bad-field', `an address must be a ${rule}, got ${got}`)
  }
  return value
}

export function isDeviceAddress(address: string): boolean {
  if (Buffer.byteLength(address) > LIMITS.addressBytesMax) return false
  if (/^(\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]]+):\d{1,5}$/.test(address)) {
    return Number(address.slice(address.lastIndexOf(':') + 1)) <= 65_535
  }
  if (!/^(tcp|wss?):\/\//.test(address) || !URL.canParse(address)) return false
  const { hostname, username, password } = new URL(address)
  return hostname !== '' && username === '' && password === ''
}
