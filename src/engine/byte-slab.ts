/**
 * Blocks of bytes for the few connections that have something to keep: an unfinished frame, or
 * answers that the kernel refused. A block is a number (BlockRef), so a table row names it in four
 * bytes and nothing is left to the collector.
 *
 *   page (1 MiB) │ class  │ used │ free list        ref = (page << 16 | block) + 1
 *              0 │ 512 B  │   17 │ 3 → 9 → 4        0 = no block
 *              1 │ 64 KiB │    2 │ ·
 *
 * A page serves one block size at a time (powers of two) and returns to a common pool when its last
 * block is freed, so a burst of large blocks leaves nothing behind. A block above 1 MiB is a page
 * of its own, given back to the system. Cost: up to half of a block is unused.
 */

/** A block, or 0 for none. */
export type BlockRef = number
export const NO_BLOCK = 0

const PAGE_BYTES = 1 << 20
const BLOCK_BYTES_MIN = 16
const CLASS_MIN_BITS = 4
const PAGE_BITS = 20
const CLASS_MAX_BITS = 30
const NO_PAGE = -1
const NO_BYTES = new Uint8Array(0)

interface Page {
  bytes: Uint8Array
  /** log2 of the block size, or 0 while the page is in the pool. */
  classBits: number
  used: number
  /** Blocks never handed out start here; beyond it memory is untouched and costs nothing. */
  carved: number
  freeHead: number
  /** Next free block by block number; -1 ends the list. */
  next: Int32Array
}

export class ByteSlab {
  readonly bytesMax: number
  readonly #pages: Page[] = []
  /** Pages with room, by class; a page is in one list at most. */
  readonly #open: number[][] = []
  readonly #pool: number[] = []
  /** Page numbers whose own large block was given back. */
  readonly #emptied: number[] = []
  #bytesUsed = 0

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
    for (let bits = 0; bits <= CLASS_MAX_BITS; bits++) this.#open.push([])
  }

  /** Bytes of all blocks in use, rounded up to their block sizes. */
  get bytesUsed(): number {
    return this.#bytesUsed
  }

  /** A block of at least `bytes`, or NO_BLOCK where bytesMax would be passed. */
  allocate(bytes: number): BlockRef {
    const bits = classBitsOf(bytes)
    if (bits > CLASS_MAX_BITS || this.#bytesUsed + 2 ** bits > this.bytesMax) return NO_BLOCK
    if (bits > PAGE_BITS) return this.#allocateLarge(bits)
    const open = this.#open[bits]
    let pageIndex = open.length > 0 ? open[open.length - 1] : NO_PAGE
    if (pageIndex === NO_PAGE) {
      pageIndex = this.#takePage(bits)
      open.push(pageIndex)
    }
    const page = this.#pages[pageIndex]
    let block = page.freeHead
    if (block >= 0) page.freeHead = page.next[block]
    else block = page.carved++
    page.used++
    if (page.freeHead < 0 && page.carved === PAGE_BYTES >> bits) open.pop()
    this.#bytesUsed += 1 << bits
    return ((pageIndex << 16) | block) + 1
  }

  free(ref: BlockRef): void {
    const pageIndex = (ref - 1) >>> 16
    const block = (ref - 1) & 0xffff
    const page = this.#pages[pageIndex]
    const bits = page.classBits
    if (bits > PAGE_BITS) return this.#freeLarge(pageIndex)
    const wasFull = page.freeHead < 0 && page.carved === PAGE_BYTES >> bits
    page.next[block] = page.freeHead
    page.freeHead = block
    page.used--
    this.#bytesUsed -= 1 << bits
    const open = this.#open[bits]
    if (wasFull) open.push(pageIndex)
    if (page.used === 0) {
      open.splice(open.indexOf(pageIndex), 1)
      page.classBits = 0
      this.#pool.push(pageIndex)
    }
  }

  /** The page that holds the block; the block begins at offsetOf(ref). */
  bytesOf(ref: BlockRef): Uint8Array {
    return this.#pages[(ref - 1) >>> 16].bytes
  }

  offsetOf(ref: BlockRef): number {
    return ((ref - 1) & 0xffff) << this.#pages[(ref - 1) >>> 16].classBits
  }

  capacityOf(ref: BlockRef): number {
    return 1 << this.#pages[(ref - 1) >>> 16].classBits
  }

  #allocateLarge(bits: number): BlockRef {
    let pageIndex = this.#emptied.pop()
    if (pageIndex === undefined) pageIndex = this.#addPage(NO_BYTES)
    const page = this.#pages[pageIndex]
    page.bytes = new Uint8Array(1 << bits)
    page.classBits = bits
    this.#bytesUsed += 1 << bits
    return (pageIndex << 16) + 1
  }

  #freeLarge(pageIndex: number): void {
    const page = this.#pages[pageIndex]
    this.#bytesUsed -= page.bytes.length
    page.bytes = NO_BYTES
    page.classBits = 0
    this.#emptied.push(pageIndex)
  }

  #addPage(bytes: Uint8Array): number {
    const next = new Int32Array(0)
    this.#pages.push({ bytes, classBits: 0, used: 0, carved: 0, freeHead: -1, next })
    return this.#pages.length - 1
  }

  #takePage(bits: number): number {
    let pageIndex = this.#pool.pop()
    if (pageIndex === undefined) pageIndex = this.#addPage(new Uint8Array(PAGE_BYTES))
    const page = this.#pages[pageIndex]
    page.classBits = bits
    page.carved = 0
    page.freeHead = -1
    if (page.next.length < PAGE_BYTES >> bits) page.next = new Int32Array(PAGE_BYTES >> bits)
    return pageIndex
  }
}

function classBitsOf(bytes: number): number {
  return bytes <= BLOCK_BYTES_MIN ? CLASS_MIN_BITS : 32 - Math.clz32(bytes - 1)
}
