import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteSlab, NO_BLOCK } from '../../src/engine/byte-slab.ts'

const MIB = 1 << 20

function blockBytes(bytes: number): number {
  let size = 16
  while (size < bytes) size *= 2
  return size
}

interface ModelBlock {
  readonly ref: number
  readonly bytes: number
  readonly mark: number
}

/** Writes a mark over the whole block; a block that overlaps another one spoils its mark. */
function fill(slab: ByteSlab, { ref, bytes, mark }: ModelBlock): void {
  const at = slab.offsetOf(ref)
  slab.bytesOf(ref).fill(mark, at, at + bytes)
}

function holdsItsMark(slab: ByteSlab, { ref, bytes, mark }: ModelBlock): boolean {
  const at = slab.offsetOf(ref)
  return slab
    .bytesOf(ref)
    .subarray(at, at + bytes)
    .every((byte) => byte === mark)
}

describe('the slab of blocks', () => {
  it('keeps blocks apart and their bytes whole, and counts what is in use', () => {
    const sizes = fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 0, max: 70_000 }),
      fc.constantFrom(16, 17, MIB / 2, MIB, MIB + 1, 2 * MIB),
    )
    const command = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('allocate' as const), bytes: sizes }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('free' as const), at: fc.nat() }) },
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const slab = new ByteSlab(8 * MIB)
        const model: ModelBlock[] = []
        let used = 0
        commands.forEach((step, index) => {
          if (step.kind === 'allocate') {
            const size = blockBytes(step.bytes)
            const ref = slab.allocate(step.bytes)
            expect(ref === NO_BLOCK).toBe(used + size > 8 * MIB)
            if (ref === NO_BLOCK) return
            expect(slab.capacityOf(ref)).toBe(size)
            const block = { ref, bytes: Math.min(size, 4096), mark: (index % 255) + 1 }
            fill(slab, block)
            model.push(block)
            used += size
          } else if (model.length > 0) {
            const [block] = model.splice(step.at % model.length, 1)
            expect(holdsItsMark(slab, block!)).toBe(true)
            used -= slab.capacityOf(block!.ref)
            slab.free(block!.ref)
          }
          expect(slab.bytesUsed).toBe(used)
        })
        for (const block of model) expect(holdsItsMark(slab, block)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('gives blocks of one page that do not touch', () => {
    const slab = new ByteSlab(MIB)
    const places = new Set<string>()
    for (let i = 0; i < MIB / 64; i++) {
      const ref = slab.allocate(33)
      places.add(`${slab.offsetOf(ref)}`)
      expect(slab.offsetOf(ref) % 64).toBe(0)
    }
    expect(places.size).toBe(MIB / 64)
    expect(slab.allocate(1)).toBe(NO_BLOCK)
  })

  it('lets another block size have the page whose last block is freed', () => {
    const slab = new ByteSlab(64 * MIB)
    const small = Array.from({ length: 4 }, () => slab.allocate(16))
    const page = slab.bytesOf(small[0]!)
    for (const ref of small) slab.free(ref)
    const large = slab.allocate(MIB)
    expect(slab.bytesOf(large)).toBe(page)
    expect(slab.offsetOf(large)).toBe(0)
  })

  it('gives the memory of a block above 1 MiB back at once', () => {
    const slab = new ByteSlab(64 * MIB)
    const first = slab.allocate(3 * MIB)
    expect([slab.capacityOf(first), slab.bytesUsed]).toEqual([4 * MIB, 4 * MIB])
    slab.free(first)
    expect([slab.bytesOf(first).length, slab.bytesUsed]).toEqual([0, 0])
    expect(slab.allocate(2 * MIB)).toBe(first)
  })

  it('refuses what would pass its limit, and what no block can hold', () => {
    const slab = new ByteSlab(1024)
    const ref = slab.allocate(513)
    expect(slab.allocate(1)).toBe(NO_BLOCK)
    slab.free(ref)
    expect(slab.allocate(1)).not.toBe(NO_BLOCK)
    expect(new ByteSlab(Number.MAX_SAFE_INTEGER).allocate(2 ** 31)).toBe(NO_BLOCK)
  })
})
