import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HopBatch, type HopHandler, readHops } from '../../src/cluster/hop-frames.ts'

const u32 = fc.nat({ max: 0xffffffff })
const device = fc.record({ high: u32, low: u32, session: fc.nat({ max: 2 ** 50 }) })
const payload = fc.uint8Array({ maxLength: 300 })
const seq = fc.nat({ max: 2 ** 50 })
const text = fc.string({ maxLength: 20, unit: 'grapheme' })

/** Each: name and arguments, as they are added and as they are told. */
const frame = fc.oneof(
  fc.tuple(fc.constant('Stored'), device, seq, u32, fc.nat({ max: 2 }), payload),
  fc.tuple(fc.constant('Direct'), device, payload),
  fc.tuple(fc.constant('Close'), device, fc.nat({ max: 0xffff })),
  fc.tuple(fc.constant('Pulse'), u32, u32),
  fc.tuple(fc.constant('Ask'), u32, text, fc.record({ kind: text }), payload),
  fc.tuple(fc.constant('Answer'), u32, fc.option(fc.record({ online: seq }))),
)

function told(message: Buffer): unknown[] {
  const frames: unknown[] = []
  const plain = (value: unknown) =>
    value instanceof Uint8Array ? Uint8Array.from(value) : structuredClone(value)
  const note =
    (name: string) =>
    (...values: unknown[]) =>
      void frames.push([name, ...values.map(plain)])
  const names = ['Stored', 'Direct', 'Close', 'Pulse', 'Ask', 'Answer']
  const handler = Object.fromEntries(names.map((name) => [`on${name}`, note(name)]))
  readHops(message, handler as unknown as HopHandler)
  return frames
}

function written(frames: readonly (readonly unknown[])[]): Buffer {
  const batch = new HopBatch()
  for (const [name, ...values] of frames) {
    const add = batch[`add${String(name)}` as keyof HopBatch] as (...values: unknown[]) => void
    add.apply(batch, values)
  }
  return batch.take()
}

describe('frames between nodes', () => {
  it('are read as they were written, in their order', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 30 }), (frames) => {
        expect(told(written(frames))).toEqual(frames)
      }),
    )
  })

  it('that are cut off are left out, and those before them told', () => {
    const frames = [
      ['Close', { high: 1, low: 2, session: 3 }, 4001],
      ['Pulse', 7, 8],
    ]
    const message = written(frames)
    expect(told(message.subarray(0, message.length - 1))).toEqual(frames.slice(0, 1))
    expect(told(message.subarray(0, 3))).toEqual([])
  })

  it('of a kind that is not known are passed over', () => {
    const unknown = Buffer.from([0, 0, 0, 3, 99, 1, 2])
    const known = written([['Pulse', 7, 8]])
    expect(told(Buffer.concat([unknown, known]))).toEqual([['Pulse', 7, 8]])
  })

  it('start anew when a batch was taken', () => {
    const batch = new HopBatch()
    batch.addPulse(1, 1)
    expect(batch.take().length).toBe(13)
    expect(batch.isEmpty).toBe(true)
    batch.addPulse(2, 3)
    expect(told(batch.take())).toEqual([['Pulse', 2, 3]])
  })
})
