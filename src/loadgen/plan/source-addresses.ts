/**
 * --source-ip: addresses as people write them. One address, a comma list, a range
 * (10.0.0.5-10.0.0.20 or 10.0.0.5-20) or an IPv4 block (10.0.0.0/28, without its network and
 * broadcast address when it is wider than /31).
 */
import { isIP, isIPv4 } from 'node:net'
import { PushctlError } from '../../errors/pushctl-error.ts'

/**
 * More addresses than this are a typing error: 4,096 × 28,232 ports are 115 million connections to
 * one destination.
 */
export const SOURCE_ADDRESSES_MAX = 4_096

/** @throws PushctlError PUSHCTL_USAGE */
export function parseSourceAddresses(text: string): string[] {
  const addresses = text.split(',').flatMap((part) => addressesOf(part.trim(), text))
  const unique = [...new Set(addresses)]
  if (unique.length > SOURCE_ADDRESSES_MAX) throw tooMany(text, unique.length)
  return unique
}

/**
 * Addresses of 127.0.0.0/8 from 127.0.1.1 on, the ones nobody else binds; each has a port range of
 * its own.
 */
export function loopbackAddresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => ipv4Text(0x7f_00_01_01 + index))
}

function addressesOf(part: string, text: string): string[] {
  if (isIP(part) !== 0) return [part]
  const block = /^([\d.]+)\/(\d{1,2})$/.exec(part)
  if (block && isIPv4(block[1]) && Number(block[2]) <= 32) {
    return blockAddresses(ipv4Number(block[1]), Number(block[2]), text)
  }
  const range = /^([\d.]+)-([\d.]+)$/.exec(part)
  if (range && isIPv4(range[1])) {
    const last = isIPv4(range[2]) ? range[2] : range[1].replace(/\d+$/, range[2])
    if (isIPv4(last)) return rangeAddresses(ipv4Number(range[1]), ipv4Number(last), text)
  }
  throw badSource(`expected an address, a list, a range or a block, got "${text}"`)
}

function blockAddresses(base: number, prefix: number, text: string): string[] {
  const width = 2 ** (32 - prefix)
  const first = Math.floor(base / width) * width
  return prefix >= 31
    ? rangeAddresses(first, first + width - 1, text)
    : rangeAddresses(first + 1, first + width - 2, text)
}

function rangeAddresses(first: number, last: number, text: string): string[] {
  if (last < first) throw badSource(`the range ends before it starts: "${text}"`)
  if (last - first >= SOURCE_ADDRESSES_MAX) throw tooMany(text, last - first + 1)
  return Array.from({ length: last - first + 1 }, (_, index) => ipv4Text(first + index))
}

function ipv4Number(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
}

function ipv4Text(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.')
}

function tooMany(text: string, count: number): PushctlError {
  return badSource(`at most ${SOURCE_ADDRESSES_MAX} source addresses, got ${count} from "${text}"`)
}

function badSource(rule: string): PushctlError {
  return new PushctlError('PUSHCTL_USAGE', `--source-ip: ${rule}`, {
    tries: ['--source-ip 10.0.0.5,10.0.0.6', '--source-ip 10.0.0.5-20', '--source-ip 10.0.0.0/28'],
  })
}
