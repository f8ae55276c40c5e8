/**
 * What the target's connections cost the kernel: sockets held here, slab bytes of an idle one,
 * pages of data in flight. Idle connections are slab, not buffers: tcp_rmem and tcp_wmem are caps,
 * of which an idle socket uses nothing.
 */
import { grouped } from './counter-moves.ts'
import type { Facts } from './facts.ts'
import { kernelIsAtLeast } from './kernel-release.ts'
import { actsAsLoadgen, dirtySockets, type Target } from './target.ts'

export const PAGE_BYTES = 4_096

/**
 * Both ends of a connection live on a host that plays both roles; so do the two sides of a proxy.
 */
export function socketsHeld(target: Target): number {
  return endsHere(target) * target.connections
}

function endsHere(target: Target): number {
  return target.role === 'both' ? 2 : 1
}

export interface ConnectionCost {
  /** Bytes of kernel memory of one idle connection, rounded up to 100. */
  readonly bytes: number
  /** Where the largest share, the TCP object, was read: slabinfo, protocols, or nowhere. */
  readonly basis: 'slabinfo' | 'protocols' | 'constants'
  readonly source: string
}

/**
 * Bytes per object with the waste of its slab, measured on 6.18 (x86-64, SLUB, LSM blobs on). Used
 * where slabinfo is closed to us or a cache is merged into another and has no row of its own.
 */
const SLAB_BYTES = {
  sock_inode_cache: 862,
  dentry: 195,
  filp: 195,
  lsm_inode_cache: 32,
  lsm_file_cache: 24,
  eventpoll_epi: 128,
  eventpoll_pwq: 64,
  ep_head: 16,
} as const
const DIALLING_SLAB_BYTES = { tcp_bind_bucket: 128, tcp_bind2_bucket: 128 } as const
const TCP_BYTES = 2_521
/** Descriptor table (up to two slots of 8.25 bytes) and pointers of a memory control group. */
const UNCACHED_BYTES = 17 + 70

/** K: about 4.2 KB for a server's connection, 4.4 KB for one that was dialled here. */
export function kernelCostPerConnection(facts: Facts, target: Target): ConnectionCost {
  const { slabs } = facts.host
  const eachOf = (names: Readonly<Record<string, number>>): number =>
    Object.entries(names).reduce(
      (sum, [name, bytes]) => sum + (slabs.known ? (slabs.value[name]?.bytesEach ?? bytes) : bytes),
      0,
    )
  const tcp = tcpObjectCost(facts)
  const dialled = actsAsLoadgen(target) ? eachOf(DIALLING_SLAB_BYTES) : 0
  const bytes = tcp.bytes + eachOf(SLAB_BYTES) + dialled + UNCACHED_BYTES
  return { ...tcp, bytes: Math.ceil(bytes / 100) * 100 }
}

function tcpObjectCost(facts: Facts): ConnectionCost {
  const { slabs } = facts.host
  const rows = slabs.known ? [slabs.value.TCP, slabs.value.TCPv6] : []
  const slabBytes = Math.max(0, ...rows.map((row) => row?.bytesEach ?? 0))
  if (slabs.known && slabBytes > 0) {
    return { bytes: slabBytes, basis: 'slabinfo', source: slabs.source }
  }
  const { protocols } = facts.after
  const objects = protocols.known
    ? protocols.value.filter(({ name }) => name === 'TCP' || name === 'TCPv6')
    : []
  const objectBytes = Math.max(0, ...objects.map((row) => row.objectBytes))
  if (protocols.known && objectBytes > 0) {
    return { bytes: slabShare(objectBytes), basis: 'protocols', source: protocols.source }
  }
  return { bytes: TCP_BYTES, basis: 'constants', source: 'measured on kernel 6.18, x86-64' }
}

/**
 * Objects are rounded up to 64 bytes, the free-list pointer included, and packed into slabs of
 * eight pages.
 */
function slabShare(objectBytes: number): number {
  const slabBytes = 8 * PAGE_BYTES
  const rounded = Math.ceil((objectBytes + 8) / 64) * 64
  return Math.ceil(slabBytes / Math.max(1, Math.floor(slabBytes / rounded)))
}

export interface PageDemand {
  /** Pages charged to net.ipv4.tcp_mem at the target's peak, with 5 % to spare. */
  readonly pages: number
  readonly formula: string
}

/** Headers and struct sk_buff that a message carries with it. */
const MESSAGE_OVERHEAD_BYTES = 1_300

/**
 * ceil(1.05·(N·p0 + A·ceil((m + 1300)/4096))). A socket with one unread or unsent byte is charged a
 * page at least; an idle one kept a page (p0 = 1) until kernels near 6.1, since then it gives it
 * back at once.
 */
export function tcpPagesNeeded(facts: Facts, target: Target): PageDemand {
  const idlePages = kernelIsAtLeast(facts, 6, 1) === true ? 0.05 : 1
  const sockets = socketsHeld(target)
  const dirty = endsHere(target) * dirtySockets(target)
  const each = Math.ceil((target.messageBytes + MESSAGE_OVERHEAD_BYTES) / PAGE_BYTES)
  return {
    pages: Math.ceil(round(1.05 * (sockets * idlePages + dirty * each))),
    formula:
      `1.05 × (${grouped(sockets)} connections × ${idlePages} + ` +
      `${grouped(dirty)} with data × ${each}) pages`,
  }
}

/** 1.05 × 2 is 2.1000000000000001: such dust must not become a page. */
function round(pages: number): number {
  return Math.round(pages * 1e6) / 1e6
}

/** 4_200_000_000 → "4.2 GB"; one decimal, decimal units. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000
    unit += 1
  }
  const rounded = value >= 100 || unit === 0 ? Math.round(value) : Number(value.toFixed(1))
  return `${rounded} ${units[unit]}`
}
