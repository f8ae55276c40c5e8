/**
 * What a shard asks before it serves: may this connection, this HELLO, this frame, this push.
 * Limits that are not set are null here and cost one comparison.
 */
import type { Slot, SocketEngine } from '../../engine/socket-engine.ts'
import { AcceptPace } from './accept-pace.ts'
import { AddressGate } from './address-gate.ts'
import { NO_GUARD, type ShardGuardSettings } from './guard-settings.ts'
import { OriginList } from './origin-list.ts'
import { RefusalCounts } from './refusal-counts.ts'
import { SlotRate } from './slot-rate.ts'

/** A device says what it is about in several frames at once. */
const BURST_FRAMES_MIN = 20
const BURST_PUSHES_MIN = 10

/** From these load levels on. */
const DEFER_BULK = 1
const REFUSE_HELLOS = 2
const REFUSE_SENDS = 3

export class ShardGuard {
  readonly refusals = new RefusalCounts()
  /** null where no address is treated unlike another. */
  addresses: AddressGate | null = null
  readonly #engine: SocketEngine
  readonly #origins: OriginList
  readonly #pace: AcceptPace
  #frames: SlotRate | null = null
  #bytes: SlotRate | null = null
  #pushes: SlotRate | null = null
  readonly #capacity: number
  readonly #frameBytesMax: number
  readonly #hashKey: Uint32Array
  #settings: ShardGuardSettings = NO_GUARD
  readonly #now: () => number
  #loadLevel = 0
  #hasStarted = false

  constructor(
    settings: ShardGuardSettings,
    engine: SocketEngine,
    capacity: number,
    frameBytesMax: number,
    hashKey: Uint32Array,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now
    this.#engine = engine
    this.#capacity = capacity
    this.#frameBytesMax = frameBytesMax
    this.#hashKey = hashKey
    this.#origins = new OriginList(settings.origins)
    const { connectsPerSecond, loadedConnectsPerSecond } = settings
    this.#pace = new AcceptPace(engine, connectsPerSecond, loadedConnectsPerSecond)
    this.#setLimits(settings)
  }

  /** Rates, allowed and denied addresses, from now on. Origins and balancers stay. */
  tune(settings: ShardGuardSettings): void {
    this.#pace.setRates(settings.connectsPerSecond, settings.loadedConnectsPerSecond)
    this.#setLimits(settings)
  }

  #setLimits(settings: ShardGuardSettings): void {
    const before = this.#settings
    const rateOf = (
      name: 'deviceFramesPerSecond' | 'deviceBytesPerSecond' | 'devicePushesPerSecond',
      current: SlotRate | null,
      burstMin: number,
    ) => {
      if (settings[name] === before[name]) return current
      return settings[name] === 0 ? null : new SlotRate(this.#capacity, settings[name], burstMin)
    }
    this.#frames = rateOf('deviceFramesPerSecond', this.#frames, BURST_FRAMES_MIN)
    this.#bytes = rateOf('deviceBytesPerSecond', this.#bytes, this.#frameBytesMax)
    this.#pushes = rateOf('devicePushesPerSecond', this.#pushes, BURST_PUSHES_MIN)
    this.#settings = settings
    if (this.addresses !== null) this.addresses.tune(settings)
    else if (looksAtAddresses(settings)) {
      const { refusals } = this
      const gate = { ...settings, proxyFrom: this.#hasStarted ? [] : settings.proxyFrom }
      this.addresses = new AddressGate(
        gate,
        this.#engine,
        this.#capacity,
        this.#hashKey,
        refusals,
        this.#now,
      )
    }
    this.#hasStarted = true
  }

  /** Whether broadcasts and lazy pushes have to wait. */
  get defersBulk(): boolean {
    return this.#loadLevel >= DEFER_BULK
  }

  setLoadLevel(level: number): void {
    if (level === this.#loadLevel) return
    this.#loadLevel = level
    this.#pace.setLoadLevel(level)
  }

  onAccepted(slots: Int32Array, count: number): void {
    this.#pace.onAccepted(count)
    if (this.#frames) for (let i = 0; i < count; i++) this.#frames.forget(slots[i])
    if (this.#bytes) for (let i = 0; i < count; i++) this.#bytes.forget(slots[i])
    if (this.#pushes) for (let i = 0; i < count; i++) this.#pushes.forget(slots[i])
  }

  /** False: BYE 4100. */
  admitsHello(): boolean {
    if (this.#loadLevel < REFUSE_HELLOS) return true
    this.refusals.add('overloaded')
    return false
  }

  /** False: SENT with status OVERLOADED. */
  admitsSend(): boolean {
    if (this.#loadLevel < REFUSE_SENDS) return true
    this.refusals.add('upstream-overloaded')
    return false
  }

  /** One frame of a device. False: BYE 4101. */
  admitsFrame(slot: Slot, bytes: number): boolean {
    if (this.#frames === null && this.#bytes === null) return true
    const nowMs = this.#now()
    if (this.#frames !== null && !this.#frames.take(slot, 1, nowMs)) {
      this.refusals.add('frame-rate')
      return false
    }
    if (this.#bytes === null || this.#bytes.take(slot, bytes, nowMs)) return true
    this.refusals.add('byte-rate')
    return false
  }

  /** One push to a device. False: it is not sent. */
  admitsPush(slot: Slot): boolean {
    if (this.#pushes === null || this.#pushes.take(slot, 1, this.#now())) return true
    this.refusals.add('push-rate')
    return false
  }

  get checksOrigins(): boolean {
    return !this.#origins.admitsAll
  }

  /** A WebSocket request; `origin` is '' where it names none. False: 403. */
  admitsOrigin(origin: string): boolean {
    if (this.#origins.admits(origin)) return true
    this.refusals.add('origin')
    return false
  }

  /** "address:port" of the device, as its balancer said it where there is one. */
  addressOf(slot: Slot): string {
    return this.addresses === null ? this.#engine.peerOf(slot) : this.addresses.addressOf(slot)
  }

  stop(): void {
    this.#pace.stop()
  }
}

function looksAtAddresses(settings: ShardGuardSettings): boolean {
  const { allow, deny, proxyFrom, addressConnectsPerSecond } = settings
  return addressConnectsPerSecond > 0 || allow.length + deny.length + proxyFrom.length > 0
}
