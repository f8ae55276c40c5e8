/**
 * What one idle TCP connection costs the kernel: slab objects that show in no process. Their sizes
 * are read from this kernel where that is allowed (root), because they change with its version and
 * configuration; else the largest of them, and else constants. tcp_rmem and tcp_wmem are caps of
 * which an idle socket uses nothing.
 */
export interface SocketMemory {
  /** Bytes of the end that accepted. */
  readonly acceptedBytes: number
  /** Bytes of the end that dialled: it holds its local port too. */
  readonly dialledBytes: number
  readonly basis: 'slabinfo' | 'protocols' | 'constants'
}

/**
 * Bytes of each object with the waste of its slab, measured on kernel 6.18, x86-64. For caches that
 * have no row: slabinfo is closed to us, or the cache is merged into another of the same size.
 */
const EACH_BYTES = {
  sock_inode_cache: 862,
  dentry: 195,
  filp: 195,
  lsm_inode_cache: 32,
  lsm_file_cache: 24,
  eventpoll_epi: 128,
  eventpoll_pwq: 64,
  ep_head: 16,
} as const
const TCP_BYTES = 2_521
/** tcp_bind_bucket and tcp_bind2_bucket. */
const PORT_BYTES = 2 * 128
/** Two slots of the descriptor table (8.25 bytes) and pointers of a memory control group. */
const UNCACHED_BYTES = 17 + 70
const PAGE_BYTES = 4_096

/** @param slabinfo, protocols text of /proc/slabinfo and /proc/net/protocols, '' when unreadable */
export function socketMemoryFrom(slabinfo: string, protocols: string): SocketMemory {
  const slabs = parseSlabs(slabinfo)
  const inSlab = largest(slabs.get('TCP'), slabs.get('TCPv6'))
  const inProtocols = largest(...tcpObjectBytes(protocols).map(slabShare))
  const basis = inSlab > 0 ? 'slabinfo' : inProtocols > 0 ? 'protocols' : 'constants'
  let bytes = (inSlab || inProtocols || TCP_BYTES) + UNCACHED_BYTES
  for (const [name, each] of Object.entries(EACH_BYTES)) bytes += slabs.get(name) ?? each
  return { acceptedBytes: bytes, dialledBytes: bytes + PORT_BYTES, basis }
}

/**
 * /proc/slabinfo 2.x → bytes an object really takes: pages × 4096 / objects of a slab. Its objsize
 * column hides the waste (mm/slab_common.c slabinfo_show).
 */
export function parseSlabs(text: string): Map<string, number> {
  const slabs = new Map<string, number>()
  if (!text.startsWith('slabinfo - version: 2.')) return slabs
  for (const line of text.split('\n').slice(2)) {
    const match = /^(\S+) +\d+ +\d+ +\d+ +(\d+) +(\d+) :/.exec(line)
    if (!match || Number(match[2]) === 0) continue
    slabs.set(match[1], Math.ceil((Number(match[3]) * PAGE_BYTES) / Number(match[2])))
  }
  return slabs
}

/** Size column of the TCP rows of /proc/net/protocols, which everyone may read. */
function tcpObjectBytes(protocols: string): number[] {
  return [...protocols.matchAll(/^TCP(?:v6)? +(\d+) /gm)].map(([, bytes]) => Number(bytes))
}

/** Rounded up to 64 bytes with the free-list pointer, packed into slabs of eight pages. */
function slabShare(objectBytes: number): number {
  const rounded = Math.ceil((objectBytes + 8) / 64) * 64
  return Math.ceil((8 * PAGE_BYTES) / Math.max(1, Math.floor((8 * PAGE_BYTES) / rounded)))
}

function largest(...values: readonly (number | undefined)[]): number {
  return Math.max(0, ...values.map((value) => value ?? 0))
}
