/**
 * Where the hosts of a run wait for each other: before they connect and before the first message of
 * each step. All that are still part of it are let go for one moment, told to each on its own
 * clock; whose clock differs from that of the host that broadcasts is told by how much, and again
 * while the run goes on, because clocks drift.
 */
import { nowUs } from '../../stats/clock.ts'
import type { OffsetEstimate } from './clock-offset.ts'
import { correctionBetween } from './host-clocks.ts'
import type { HostState } from './host-state.ts'

const CLOCK_MS = 5_000
/** Beyond twice the slowest way there: the order has to be read and handed to the shards. */
const LEAD_US = 30_000
/** Below this a better correction is not worth a message. */
const CLOCK_STEP_US = 10
const UNKNOWN: OffsetEstimate = { offsetUs: 0, errorUs: 0 }

export interface GatedHosts {
  readonly living: readonly HostState[]
  offsetOf(state: HostState): OffsetEstimate | null
}

export class HostGates {
  /** Called before all are let go to the messages of a step. */
  beforeSteady: () => void = () => {}
  readonly #hosts: GatedHosts
  readonly #shifts = new Map<HostState, number>()
  #clocksToldUs = 0
  #hasBegun = false
  #isClosed = true

  constructor(hosts: GatedHosts) {
    this.#hosts = hosts
  }

  /** From here on those that wait are let go when nobody is missing. */
  letGo(): void {
    this.#isClosed = false
    this.open()
  }

  /** Lets all go that wait at a gate, when nobody is missing. */
  open(): void {
    const going = this.#hosts.living.filter(
      ({ setup, result }) => setup !== null && result === null,
    )
    const [first] = going
    if (this.#isClosed || first === undefined || first.at === null) return
    const gate = first.at
    if (going.some(({ at }) => at !== gate)) return
    if (gate === 'steady') this.beforeSteady()
    const known = going.map((state) => ({
      state,
      estimate: this.#hosts.offsetOf(state) ?? UNKNOWN,
    }))
    const wayUs = Math.max(...known.map(({ estimate }) => estimate.errorUs * 2))
    const startUs = nowUs() + Math.max(...going.map(({ leadUs }) => leadUs)) + wayUs + LEAD_US
    const sender = known.find(({ state }) => state.setup?.part.sendsBroadcasts)
    for (const { state, estimate } of known) {
      state.at = null
      const own = { clockId: state.hello?.clockId ?? '', estimate }
      const theirs = { clockId: sender?.state.hello?.clockId ?? '', estimate: sender?.estimate }
      const clock =
        sender === undefined || sender.state === state || theirs.estimate === undefined
          ? null
          : correctionBetween({ clockId: theirs.clockId, estimate: theirs.estimate }, own)
      if (clock !== null) this.#shifts.set(state, clock.shiftUs)
      // By the very correction that its latencies are taken with, so that none falls between.
      const atUs =
        clock === null || sender === undefined
          ? startUs + estimate.offsetUs
          : startUs + sender.estimate.offsetUs + clock.shiftUs
      const { messagesPerSecond } = state
      state.link.send({
        type: 'go',
        gate,
        startUs: atUs,
        ...(clock === null ? {} : { clock }),
        ...(gate === 'connect' || messagesPerSecond === null ? {} : { messagesPerSecond }),
      })
    }
    this.#hasBegun ||= gate === 'steady'
  }

  /** Tells better corrections, where it is time to. */
  tellClocks(): void {
    const now = nowUs()
    if (!this.#hasBegun || now - this.#clocksToldUs <= CLOCK_MS * 1000) return
    this.#clocksToldUs = now
    const sender = this.#hosts.living.find(({ setup }) => setup?.part.sendsBroadcasts)
    const from = sender === undefined ? null : this.#hosts.offsetOf(sender)
    if (sender === undefined || from === null) return
    for (const [state, shiftUs] of this.#shifts) {
      const estimate = this.#hosts.offsetOf(state)
      if (state.lost !== null || state.result !== null || estimate === null) continue
      const clock = correctionBetween(
        { clockId: sender.hello?.clockId ?? '', estimate: from },
        { clockId: state.hello?.clockId ?? '', estimate },
      )
      if (clock === null || Math.abs(clock.shiftUs - shiftUs) < CLOCK_STEP_US) continue
      this.#shifts.set(state, clock.shiftUs)
      state.link.send({ type: 'clock', clock })
    }
  }
}
