import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { JournalFiles, SEGMENT_BYTES } from '../../../src/server/store/journal-files.ts'
import { FRAME_HEADER_BYTES, frameEnd, sealFrame } from '../../../src/server/store/journal-frame.ts'

let folder: string
let files: JournalFiles | null = null
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushctl-journal-'))
})
afterEach(async () => {
  await files?.close()
  files = null
  rmSync(folder, { recursive: true })
})

async function open(firstNumber = 1) {
  await files?.close()
  const opened = await JournalFiles.open(folder, firstNumber)
  files = opened.files
  const found = opened.records.map(({ number, record }) => `${number} ${textOf(record)}`)
  return { found, lostNumber: opened.lostNumber }
}

/** What is in a record: its length and what it is filled with. */
const textOf = (record: Uint8Array) => `${record.length} × ${record[0] ?? '-'}`
const known = (number: number, bytes: number) =>
  `${number} ${textOf(new Uint8Array(bytes).fill(number % 251))}`

function append(number: number, bytes: number): Promise<void> {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bytes)
  frame.fill(number % 251, FRAME_HEADER_BYTES)
  return files!.append(frame, number)
}

const names = () => readdirSync(folder).toSorted()
const sizes = () => names().map((name) => statSync(join(folder, name)).size)

describe('the files of the journal', () => {
  it('give back what is not folded, whatever was written, folded and opened again', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('write'), size: fc.nat(3_000) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('write'), size: fc.nat(700_000) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('fold'), size: fc.nat(10) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('open'), size: fc.constant(0) }) },
    )
    const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      rmSync(folder, { recursive: true })
      let first = 1
      const kept: number[] = []
      await open()
      for (const { kind, size } of steps) {
        if (kind === 'write') {
          await append(first + kept.length, size)
          kept.push(size)
        } else if (kind === 'fold') {
          const count = Math.min(size, kept.length)
          kept.splice(0, count)
          first += count
          files!.release(first - 1)
        } else {
          const expected = kept.map((bytes, at) => known(first + at, bytes))
          expect(await open(first)).toEqual({ found: expected, lostNumber: 0 })
        }
      }
      const expected = kept.map((bytes, at) => known(first + at, bytes))
      expect(await open(first)).toEqual({ found: expected, lostNumber: 0 })
    })
    await fc.assert(property, { numRuns: 40 })
  })

  it('are written over, and stay as many, when all of them is folded in time', async () => {
    await open()
    for (let number = 1; number <= 200; number++) {
      await append(number, 200_000)
      if (number > 10) files!.release(number - 10)
    }
    expect(names().length).toBeLessThanOrEqual(5)
    expect(Math.max(...sizes())).toBeLessThanOrEqual(SEGMENT_BYTES)
    const found = Array.from({ length: 10 }, (_, at) => known(191 + at, 200_000))
    expect(await open(191)).toEqual({ found, lostNumber: 0 })
  })

  it('give the disk back what a peak needed: records of any size, and many segments', async () => {
    await open()
    await append(1, 5 * SEGMENT_BYTES)
    for (let number = 2; number <= 40; number++) await append(number, 900_000)
    expect(sizes().reduce((sum, size) => sum + size, 0)).toBeGreaterThan(38 * SEGMENT_BYTES)
    expect((await open(1)).found[0]).toBe(known(1, 5 * SEGMENT_BYTES))
    files!.release(40)
    expect(await open(41)).toEqual({ found: [], lostNumber: 0 })
    expect(names().length).toBeLessThanOrEqual(9)
    expect(Math.max(...sizes())).toBeLessThanOrEqual(SEGMENT_BYTES)
  })

  it('end before a record that was cut short, wherever a crash cut it', async () => {
    const cut = fc.record({ last: fc.integer({ min: 1, max: 9_000 }), at: fc.nat() })
    const property = fc.asyncProperty(cut, async ({ last, at }) => {
      rmSync(folder, { recursive: true })
      await open()
      await append(1, 5_000)
      await append(2, last)
      await files!.close()
      files = null
      const path = names()
        .map((name) => join(folder, name))
        .find((each) => readFileSync(each).some((byte) => byte !== 0))!
      const bytes = readFileSync(path)
      const start = FRAME_HEADER_BYTES + 5_000
      // What was not written yet is what was there before.
      bytes.fill(0, start + (at % (FRAME_HEADER_BYTES + last)))
      writeFileSync(path, bytes)
      expect(await open()).toEqual({ found: [known(1, 5_000)], lostNumber: 0 })
      await append(2, 77)
      expect((await open()).found).toEqual([known(1, 5_000), known(2, 77)])
    })
    await fc.assert(property, { numRuns: 60 })
  })

  it.each([600_000, 3_000])(
    'know a record of %i bytes that is missing before others',
    async (size) => {
      await open()
      for (let number = 1; number <= 4; number++) await append(number, size)
      await files!.close()
      files = null
      for (const name of names()) {
        const bytes = readFileSync(join(folder, name))
        const at = bytes.indexOf(Buffer.alloc(size, 3))
        if (at < 0) continue
        bytes[at + 100]! ^= 1
        writeFileSync(join(folder, name), bytes)
      }
      expect(await open()).toMatchObject({ lostNumber: 3 })
      expect((await open(4)).found).toEqual([known(4, size)])
      expect((await open(5)).found).toEqual([])
    },
  )

  it('never give back what was not written, whatever one byte of a segment becomes', async () => {
    const sizes = fc.array(fc.nat(400), { minLength: 1, maxLength: 12 })
    const property = fc.asyncProperty(sizes, fc.nat(), fc.nat(254), async (all, place, change) => {
      rmSync(folder, { recursive: true })
      await open()
      for (const [at, size] of all.entries()) await append(at + 1, size)
      await files!.close()
      files = null
      const written = all.map((size, at) => known(at + 1, size))
      const path = names()
        .map((name) => join(folder, name))
        .find((each) => readFileSync(each).some((byte) => byte !== 0))!
      const bytes = readFileSync(path)
      const used = all.reduce((end, size) => frameEnd(end, size), 0)
      const at = place % used
      bytes[at] = bytes[at]! ^ (1 + change)
      writeFileSync(path, bytes)
      const { found, lostNumber } = await open()
      expect(found).toEqual(written.slice(0, found.length))
      if (lostNumber > 0) expect(lostNumber).toBe(found.length + 1)
    })
    await fc.assert(property, { numRuns: 100 })
  })

  it('take the later of two records with one number: the write of the other had failed', async () => {
    const segment = (generation: number, records: readonly [number, number][]) => {
      const bytes = new Uint8Array(SEGMENT_BYTES)
      let at = 0
      for (const [number, fill] of records) {
        const frame = bytes.subarray(at, at + FRAME_HEADER_BYTES + 8)
        frame.fill(fill, FRAME_HEADER_BYTES)
        sealFrame(frame, number, generation)
        at += frame.length
      }
      return bytes
    }
    writeFileSync(
      join(folder, '00000002'),
      segment(1, [
        [1, 10],
        [2, 20],
      ]),
    )
    writeFileSync(
      join(folder, '00000001'),
      segment(2, [
        [2, 21],
        [3, 30],
      ]),
    )
    expect((await open()).found).toEqual(['1 8 × 10', '2 8 × 21', '3 8 × 30'])
  })

  it('leave alone what is not theirs, and use what a crash left half made', async () => {
    writeFileSync(join(folder, 'notes.txt'), 'mine')
    writeFileSync(join(folder, '00000007'), new Uint8Array(1_000))
    expect(await open()).toEqual({ found: [], lostNumber: 0 })
    await append(1, 10)
    expect((await open()).found).toEqual([known(1, 10)])
    expect(names()).toEqual(['00000007', 'notes.txt'])
  })

  it('reject what the disk does, and take the same number again when it can', async () => {
    await open()
    await append(1, 10)
    rmSync(folder, { recursive: true })
    await expect(append(2, SEGMENT_BYTES)).rejects.toMatchObject({ code: 'ENOENT' })
    mkdirSync(folder)
    await append(2, SEGMENT_BYTES)
    await append(3, 10)
    expect((await open(2)).found).toEqual([known(2, SEGMENT_BYTES), known(3, 10)])
  })
})
