import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { BYE } from '../../../src/protocol/frame-types.ts'
import { seededRandom } from '../../../src/loadgen/seeded-random.ts'
import { CARRIER_NAMES, type CarrierName, upgradeHead } from '../device-peer.ts'
import { BETWEEN_TURNS, Dice, FUZZ_COUNT, FUZZ_LIMIT_MS, FUZZ_SEED } from './fuzz-settings.ts'
import { joined } from './fuzzed-bytes.ts'
import { FuzzedFrames } from './fuzzed-frames.ts'
import { FRAME_BYTES_MAX, FuzzedShard } from './fuzzed-shard.ts'

const DEVICES = 16
/** Of the frames of a device; one that is always wrong never gets far. */
const SPOILT_SHARES = [0, 0.01, 0.05, 0.3, 1]
/** A frame of full size and its headers. */
const UNFINISHED_BYTES_MAX = FRAME_BYTES_MAX + 160
/** Devices wait for nothing, so what is kept is bounded: tables, arenas and the pool of frames. */
const GROWTH_BYTES_MAX = 16 << 20

/** Connections that come, send frames in pieces of any size, and go. */
class FuzzedDevices {
  framesSent = 0
  readonly #carrier: CarrierName
  readonly #dice: Dice
  readonly #frames: FuzzedFrames
  readonly #shard: FuzzedShard
  readonly #unsent: Uint8Array[] = []
  readonly #shares: number[] = []
  readonly #slots = Array.from({ length: DEVICES }, (_, slot) => slot)

  constructor(carrier: CarrierName, dice: Dice, shard: FuzzedShard) {
    this.#carrier = carrier
    this.#dice = dice
    this.#frames = new FuzzedFrames(dice)
    this.#shard = shard
  }

  /** One read on each of the connections. */
  step(): void {
    for (const slot of this.#slots) {
      if (!this.#shard.engine.isOpen(slot)) this.#connect(slot)
      const frames = Array.from({ length: this.#dice.below(4) }, () =>
        this.#frames.next(this.#carrier, this.#shares[slot]!),
      )
      this.framesSent += frames.length
      this.#unsent[slot] = joined(this.#unsent[slot]!, ...frames)
    }
    const chunks = this.#slots.map((slot) => this.#take(slot))
    this.#shard.receive(this.#slots, chunks)
    for (const slot of this.#slots) if (this.#dice.is(0.01)) this.#shard.leave(slot)
  }

  leave(): void {
    for (const slot of this.#slots) this.#shard.leave(slot)
  }

  #connect(slot: number): void {
    this.#shard.accept(slot, this.#carrier)
    this.#shares[slot] = this.#dice.of(SPOILT_SHARES)
    const hello = this.#hello()
    const head = this.#carrier === 'tcp' ? '' : upgradeHead(this.#carrier)
    this.#unsent[slot] = joined(Buffer.from(head), hello)
  }

  #hello(): Uint8Array {
    if (this.#dice.is(0.02)) return this.#frames.namelessHello(this.#carrier)
    return this.#dice.is(0.02) ? new Uint8Array(0) : this.#frames.hello(this.#carrier)
  }

  #take(slot: number): Uint8Array {
    const unsent = this.#unsent[slot]!
    const count = this.#dice.is(0.5) ? unsent.length : this.#dice.below(unsent.length + 1)
    this.#unsent[slot] = unsent.subarray(count)
    return unsent.subarray(0, count)
  }
}

describe(`${FUZZ_COUNT} frames, right and wrong (seed ${FUZZ_SEED})`, () => {
  it.each(CARRIER_NAMES)(
    'over %s end in answers, or in a BYE that docs/protocol.md knows, and nothing is left',
    async (carrier) => {
      const dice = new Dice(seededRandom(FUZZ_SEED))
      const shard = await FuzzedShard.open(dice, DEVICES)
      const devices = new FuzzedDevices(carrier, dice, shard)
      let early = 0
      try {
        for (let step = 0; devices.framesSent < FUZZ_COUNT; step++) {
          devices.step()
          if (step % BETWEEN_TURNS === 0) await turn()
          if (early === 0 && devices.framesSent > FUZZ_COUNT / 4) early = heldBytes()
        }
      } catch (error) {
        const where = `seed ${FUZZ_SEED}, ${carrier}, frame ${devices.framesSent}`
        throw new Error(`${where}: ${String(error)}`, { cause: error })
      }
      expect(shard.engine.keptBytesMax).toBeLessThanOrEqual(UNFINISHED_BYTES_MAX)
      expect(heldBytes() - early).toBeLessThan(GROWTH_BYTES_MAX)
      devices.leave()
      const { totals, ends } = shard
      expect(totals).toMatchObject({ connectionsOpen: 0, devicesOnline: 0, bufferedBytes: 0 })
      expect(totals.framesReceived).toBeGreaterThan(FUZZ_COUNT / 4)
      const told = [BYE.PROTOCOL_ERROR, BYE.FRAME_TOO_LARGE, BYE.BAD_DEVICE_ID, BYE.UNAUTHORIZED]
      for (const code of told) expect(ends.get(code) ?? 0, `${code}`).toBeGreaterThan(0)
      await shard.close()
    },
    FUZZ_LIMIT_MS,
  )
})

function heldBytes(): number {
  return process.memoryUsage().arrayBuffers
}
