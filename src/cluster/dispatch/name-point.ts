/**
 * Where a node or a site lies among all hashes: 32 bits of its name, the same on every node and in
 * every version. No secret key: names are the operator's. A device's point comes from the keyed
 * hash that all nodes of a cluster share, so that nobody can choose ids that all belong to one
 * node.
 */

/** FNV-1a over UTF-8, then mixed: names that differ in one digit lie far apart. */
export function pointOfName(name: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193)
  return mix32(hash)
}

/**
 * A bijection of 32 bits in which each bit of the input moves half of the output (the finaliser of
 * MurmurHash3, A. Appleby, public domain).
 */
export function mix32(value: number): number {
  let mixed = value ^ (value >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
