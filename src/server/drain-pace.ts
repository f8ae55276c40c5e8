/**
 * Sends devices away at a set pace, so that the nodes that take them are not run over: all, or as
 * many as are to move.
 */
import type { Slot } from '../engine/socket-engine.ts'
import type { SessionTable } from './session-table.ts'

const PACE_MS = 50

export class DrainPace {
  readonly #sessions: SessionTable
  readonly #dismiss: (slot: Slot, code: number) => void
  readonly #onDone: () => void
  #timer: NodeJS.Timeout | undefined
  /** 0: all at once. */
  #devicesPerSecond = 0
  /** Since when it is paced so, and how many were due until then. */
  #sinceMs = 0
  #dueBefore = 0

  constructor(
    sessions: SessionTable,
    dismiss: (slot: Slot, code: number) => void,
    onDone: () => void,
  ) {
    this.#sessions = sessions
    this.#dismiss = dismiss
    this.#onDone = onDone
  }

  /**
   * `devicesPerSecond` 0: all at once. It is over when none is left, which is told, or when
   * devicesMax are gone, which is not: nobody waits for that.
   */
  start(devicesPerSecond: number, code: number, devicesMax = Infinity): void {
    this.stop()
    this.#devicesPerSecond = devicesPerSecond
    this.#sinceMs = performance.now()
    this.#dueBefore = 0
    let cursor = 0
    let dismissed = 0
    const step = () => {
      const due = Math.min(this.#due(), devicesMax)
      // A device that joins behind the cursor is met in the next round.
      if (cursor >= this.#sessions.usedEnd) cursor = 0
      for (; cursor < this.#sessions.usedEnd && dismissed < due; cursor++) {
        if (!this.#sessions.isJoined(cursor)) continue
        this.#dismiss(cursor, code)
        dismissed++
      }
      if (this.#sessions.joinedCount > 0 && dismissed < devicesMax) return
      this.stop()
      if (devicesMax === Infinity) this.#onDone()
    }
    this.#timer = setInterval(step, PACE_MS)
    step()
  }

  /** Goes on at another rate; what was due until now stays due. */
  setRate(devicesPerSecond: number): void {
    this.#dueBefore = this.#due()
    this.#sinceMs = performance.now()
    this.#devicesPerSecond = devicesPerSecond
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #due(): number {
    if (this.#devicesPerSecond === 0) return Infinity
    const elapsedMs = performance.now() - this.#sinceMs
    return this.#dueBefore + (elapsedMs * this.#devicesPerSecond) / 1_000
  }
}
