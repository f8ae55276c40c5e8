/**
 * Bad clients of one process. One timer looks at all of them: who connects, who reads a little, who
 * vanishes. A client that was cut comes back after a second or two, as badly behaved software does,
 * so their share of the load stays what it was.
 *
 *   client │ state u8 │ sinceUs f64 │ dueUs f64 │ pingUs f64 │ everyUs f64
 *       17 │ UP       │     81.20e9 │   83.1e9  │   81.9e9   │    Infinity   leaves at 83.1
 *       18 │ AWAY     │           · │   82.0e9  │        ·   │           ·   back at 82.0
 */
import type { Slot } from '../../engine/socket-engine.ts'
import { nowUs } from '../../stats/clock.ts'
import { seededRandom } from '../seeded-random.ts'
import { createDriver } from '../target/create-driver.ts'
import type { ConnectionEvents, TargetDriver } from '../target/target-driver.ts'
import { driverOptions, deviceRooms } from '../driver-options.ts'
import { BAD_CLIENT_KINDS, badClientBlocks, type BadClientKind } from './bad-client-kinds.ts'
import type { BadClientSetup } from './bad-client-messages.ts'
import { type BadClientCounts, emptyCounts, noteEnd } from './bad-client-tally.ts'
import { READS, ReluctantSockets } from './reluctant-sockets.ts'

const TICK_MS = 50
/** Between an end and the next connect. */
const BACK_US_MIN = 1e6
const BACK_US_SPREAD = 1e6
/** A client that does not read notices its end only when it writes. */
const PING_UNREAD_US = 1e6
/** A connect that is not answered. */
const CONNECT_US_MAX = 10e6

const STATE = { AWAY: 0, CONNECTING: 1, UP: 2 } as const

export class BadClientShard implements ConnectionEvents {
  readonly counts: BadClientCounts[] = emptyCounts()
  readonly #setup: BadClientSetup
  readonly #sockets: ReluctantSockets
  readonly #drivers: readonly TargetDriver[]
  readonly #count: number
  /** Index into BAD_CLIENT_KINDS. */
  readonly #kind: Uint8Array
  readonly #state: Uint8Array
  readonly #sinceUs: Float64Array
  readonly #dueUs: Float64Array
  readonly #pingUs: Float64Array
  /** Between two heartbeats of a client that need no answer. */
  readonly #everyUs: Float64Array
  readonly #hasDropped: Uint8Array
  readonly #random: () => number
  readonly #connectsPerTick: number
  #timer: NodeJS.Timeout | null = null

  constructor(setup: BadClientSetup) {
    const { shard, index, of, settings } = setup
    this.#setup = setup
    const blocks = badClientBlocks(settings)
    const total = blocks.reduce((sum, count) => sum + count, 0)
    this.#count = Math.ceil(Math.max(0, total - index) / of)
    this.#kind = new Uint8Array(this.#count)
    this.#state = new Uint8Array(this.#count)
    this.#sinceUs = new Float64Array(this.#count)
    this.#dueUs = new Float64Array(this.#count)
    this.#pingUs = new Float64Array(this.#count)
    this.#everyUs = new Float64Array(this.#count)
    this.#hasDropped = new Uint8Array(this.#count)
    for (let client = 0; client < this.#count; client++) {
      const kind = kindAt(blocks, client * of + index)
      this.#kind[client] = kind
      this.counts[kind].wanted += 1
    }
    this.#random = seededRandom(((shard.seed ?? 0) + index) >>> 0).next
    this.#connectsPerTick = Math.max(1, Math.ceil((shard.connectsPerSecond * TICK_MS) / 1000 / of))
    const pieceBytes = Math.round((settings.readBytesPerSecond * TICK_MS) / 1000)
    this.#sockets = new ReluctantSockets(this.#count, pieceBytes, {
      onConnect: (slot) => this.#onConnect(slot),
      onBytes: (slot, bytes, start, end) => this.#onBytes(slot, bytes, start, end),
      onClose: (slot, cause) => this.#onClosed(slot, cause),
    })
    const options = { ...driverOptions(shard, deviceRooms(shard)), sizes: undefined }
    this.#drivers = shard.targets.map((target) =>
      createDriver(this.#sockets, target, options, this),
    )
  }

  start(): void {
    if (this.#timer !== null) return
    this.#tick()
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
  }

  /** What was seen of them; connections are given back. */
  async finish(): Promise<readonly BadClientCounts[]> {
    if (this.#timer !== null) clearInterval(this.#timer)
    for (let client = 0; client < this.#count; client++) {
      if (this.#state[client] === STATE.UP) this.counts[this.#kind[client]].aliveAtEnd += 1
    }
    await this.#sockets.destroy()
    return this.counts
  }

  /** HELLO is sent. */
  onGreeting(slot: Slot): void {
    if (this.#kindOf(slot) !== 'never-reader') return
    this.#sockets.setReads(slot, READS.NONE)
    this.#everyUs[slot] = PING_UNREAD_US
    this.#pingUs[slot] = nowUs() + PING_UNREAD_US
  }

  onWelcome(slot: Slot, heartbeatSeconds: number): void {
    if (heartbeatSeconds > 0) {
      this.#pingUs[slot] = nowUs() + heartbeatSeconds * 1e6
      // The answer to a heartbeat waits behind all that a slow reader has not read.
      if (this.#kindOf(slot) === 'slow-reader') this.#everyUs[slot] = heartbeatSeconds * 1e6
    }
    if (this.#hasDropped[slot] === 0) return
    this.#hasDropped[slot] = 0
    this.#countsOf(slot).cameBack += 1
  }

  onMessage(slot: Slot): void {
    this.#countsOf(slot).received += 1
  }

  onPong(slot: Slot, heartbeatSeconds: number): void {
    if (heartbeatSeconds > 0) this.#pingUs[slot] = nowUs() + heartbeatSeconds * 1e6
  }

  onEnd(slot: Slot, cause: string): void {
    this.#sockets.close(slot)
    this.#onClosed(slot, cause)
  }

  #tick(): void {
    const now = nowUs()
    let connects = this.#connectsPerTick
    for (let client = 0; client < this.#count; client++) {
      const state = this.#state[client]
      if (state === STATE.UP) this.#act(client, now)
      else if (now < this.#dueUs[client]) continue
      else if (state === STATE.CONNECTING) this.onEnd(client, 'ETIMEDOUT')
      else if (connects-- > 0) this.#open(client, now)
    }
  }

  #open(client: number, now: number): void {
    const { targets, sources } = this.#setup.shard
    const { address, port } = targets[client % targets.length]
    const host = sources[client % Math.max(1, sources.length)]
    const source = host === undefined ? {} : { source: { host, port: 0 } }
    const kind = this.#kindOf(client)
    const { ALL, NONE, SOME } = READS
    const reads = kind === 'slow-reader' ? SOME : kind === 'never-reader' ? NONE : ALL
    this.#state[client] = STATE.CONNECTING
    this.#dueUs[client] = now + CONNECT_US_MAX
    this.#sockets.open(client, { host: address, port, ...source }, reads)
  }

  /** What a client does that is up. */
  #act(client: number, now: number): void {
    const kind = this.#kindOf(client)
    if (kind === 'slow-reader') this.#sockets.read(client)
    if (kind === 'dropper' && now >= this.#dueUs[client]) {
      this.#drop(client, now)
      return
    }
    if (now < this.#pingUs[client]) return
    this.#pingUs[client] = now + this.#everyUs[client]
    this.#driverOf(client).ping(client)
  }

  #drop(client: number, now: number): void {
    this.#sockets.abort(client)
    this.#countsOf(client).dropped += 1
    this.#hasDropped[client] = 1
    this.#state[client] = STATE.AWAY
    this.#dueUs[client] = now + this.#about(this.#setup.settings.awayMs)
  }

  #onConnect(client: Slot): void {
    const now = nowUs()
    const kind = this.#kindOf(client)
    this.#countsOf(client).connected += 1
    this.#state[client] = STATE.UP
    this.#sinceUs[client] = now
    this.#dueUs[client] = now + this.#about(this.#setup.settings.upMs)
    this.#pingUs[client] = Number.POSITIVE_INFINITY
    this.#everyUs[client] = Number.POSITIVE_INFINITY
    // The driver is to know the connection; the target is not.
    if (kind === 'half-open') this.#sockets.mute(client)
    const isGreeted = this.#driverOf(client).greet(client, this.#deviceOf(client))
    // Without the answer to an upgrade there is no HELLO, and without HELLO nothing that it could
    // not read.
    if (kind === 'never-reader' && !isGreeted) this.#sockets.setReads(client, READS.ALL)
    else this.onGreeting(client)
  }

  #onBytes(client: Slot, bytes: Uint8Array, start: number, end: number): number {
    return this.#driverOf(client).receive(client, this.#deviceOf(client), bytes, start, end)
  }

  #onClosed(client: Slot, cause: string): void {
    const now = nowUs()
    const state = this.#state[client]
    if (state === STATE.AWAY) return
    const counts = this.#countsOf(client)
    if (state === STATE.CONNECTING) counts.failed += 1
    else noteEnd(counts, cause, (now - this.#sinceUs[client]) / 1000)
    this.#state[client] = STATE.AWAY
    this.#dueUs[client] = now + BACK_US_MIN + this.#random() * BACK_US_SPREAD
  }

  /** Exponential: as if each moment were as good as any other. In µs. */
  #about(meanMs: number): number {
    return -Math.log(1 - this.#random()) * meanMs * 1000
  }

  #kindOf(client: number): BadClientKind {
    return BAD_CLIENT_KINDS[this.#kind[client]]
  }

  #countsOf(client: number): BadClientCounts {
    return this.counts[this.#kind[client]]
  }

  #driverOf(client: number): TargetDriver {
    return this.#drivers[client % this.#drivers.length]
  }

  /** Number among the devices of the run: behind those of the connections. */
  #deviceOf(client: number): number {
    const { shard, index, of } = this.#setup
    return shard.share.connections + client * of + index
  }
}

function kindAt(blocks: readonly number[], client: number): number {
  let first = 0
  for (const [kind, count] of blocks.entries()) {
    first += count
    if (client < first) return kind
  }
  return blocks.length - 1
}
