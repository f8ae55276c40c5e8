/**
 * A list of CIDR blocks, as --allow, --deny and --proxy-protocol-from give it. Looked through from
 * its start: made for the dozens of blocks that people write, not for thousands.
 */
import { IP_ADDRESS_BYTES, isMappedIpv4, readIpAddress } from '../../protocol/ip-address.ts'

interface AddressBlock {
  readonly bytes: Uint8Array
  /** Leading bits that count, of 128. */
  readonly bits: number
}

/** IPv4 addresses are the last 32 bits of their mapped form. */
const MAPPED_BITS = 96

export class AddressList {
  readonly #blocks: readonly AddressBlock[]

  /** The caller has checked the texts with isAddressBlock(). */
  constructor(texts: readonly string[]) {
    this.#blocks = texts.map(blockOf).filter((block) => block !== null)
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0
  }

  /** `bytes[at, at + 16)` as in ip-address.ts. */
  has(bytes: Uint8Array, at: number): boolean {
    for (const block of this.#blocks) if (contains(block, bytes, at)) return true
    return false
  }
}

/** "10.0.0.0/8", "2001:db8::/32", or one address. */
export function isAddressBlock(text: string): boolean {
  return blockOf(text) !== null
}

function blockOf(text: string): AddressBlock | null {
  const [, address, prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  if (address === undefined) return null
  const ascii = new TextEncoder().encode(address)
  const bytes = new Uint8Array(IP_ADDRESS_BYTES)
  if (!readIpAddress(ascii, 0, ascii.length, bytes, 0)) return null
  const isIpv4 = isMappedIpv4(bytes, 0) && !address.includes(':')
  const bitsMax = isIpv4 ? 32 : 128
  const bits = prefix === undefined ? bitsMax : Number(prefix)
  if (bits > bitsMax) return null
  return { bytes, bits: isIpv4 ? MAPPED_BITS + bits : bits }
}

function contains({ bytes: block, bits }: AddressBlock, bytes: Uint8Array, at: number): boolean {
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (block[i] !== bytes[at + i]) return false
  const rest = bits & 7
  return rest === 0 || (block[whole] ^ bytes[at + whole]) >> (8 - rest) === 0
}
