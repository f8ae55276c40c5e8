/**
 * The connections of a shard that end in the steady state and come back: some all the time (churn),
 * all at once (storm), or when they end for reasons of their own.
 */
import type { Slot, SocketEngine } from '../engine/socket-engine.ts'
import { nowUs } from '../stats/clock.ts'
import { BROKEN_OFF } from './back-off.ts'
import { ConnectionChurn } from './connection-churn.ts'
import type { ConnectionRows } from './connection-rows.ts'
import { connectionsOf, type EventShare } from './event-share.ts'
import { Reconnector, type Reopener } from './reconnector.ts'
import type { SteadyStage } from './shard-messages.ts'
import type { Turnover } from './turnover.ts'

export interface TurningShard {
  readonly engine: SocketEngine
  readonly rows: ConnectionRows
  readonly connector: Reopener
}

export class ShardTurnover {
  readonly reconnector: Reconnector
  readonly churn: ConnectionChurn | null = null
  readonly #rows: ConnectionRows
  readonly #total: number
  readonly #reset: (slot: Slot) => void
  readonly #stormTimer: NodeJS.Timeout | undefined

  /**
   * Begins at once. `reset` ends a connection: a reset leaves no TIME_WAIT on either side, so the
   * ports of the plan suffice at any rate.
   */
  constructor(
    { engine, rows, connector }: TurningShard,
    share: EventShare,
    reset: (slot: Slot) => void,
    stage: SteadyStage,
    turnover: Turnover,
  ) {
    this.#rows = rows
    this.#total = connectionsOf(share)
    this.#reset = reset
    this.reconnector = new Reconnector(this.#total, connector, turnover.seed + share.shard)
    this.reconnector.measureFromUs = stage.measureFromUs
    if (turnover.kind === 'churn') {
      const replace = (row: number, dueUs: number): boolean => this.#replace(row, dueUs)
      this.churn = new ConnectionChurn(share, stage, turnover, replace, engine)
      this.churn.start()
    } else if (turnover.kind === 'storm' && turnover.byGenerator) {
      const waitMs = Math.max(0, (turnover.atUs - nowUs()) / 1000)
      this.#stormTimer = setTimeout(() => this.#loseAll(), waitMs)
    }
  }

  stop(): void {
    clearTimeout(this.#stormTimer)
    this.churn?.stop()
    this.reconnector.stop()
  }

  /** Ends the connection of a row, which then connects anew; false where it is not up. */
  #replace(row: number, dueUs: number): boolean {
    const slot = this.#rows.openSlotOf(row)
    if (slot < 0) return false
    this.#reset(slot)
    this.reconnector.replace(row, dueUs)
    return true
  }

  #loseAll(): void {
    const now = nowUs()
    for (let row = 0; row < this.#total; row++) {
      const slot = this.#rows.openSlotOf(row)
      if (slot < 0) continue
      this.#reset(slot)
      this.reconnector.onLost(row, now, BROKEN_OFF)
    }
  }
}
