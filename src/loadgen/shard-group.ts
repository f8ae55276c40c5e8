/**
 * All shards of a run as one: started together, told together, heard together. Whoever waits for
 * something says for how long; a shard that dies is marked lost and everything that waits looks
 * again, so a dead shard never holds up a run.
 */
import { type ShardExit, type ShardLink, startShard } from '../engine/shard-host.ts'
import { type ErrorCode, ERROR_EXIT_CODES } from '../errors/error-codes.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { ConditionWatch } from './condition-watch.ts'
import type {
  FatalMessage,
  ShardDown,
  ShardProgress,
  ShardResult,
  ShardSetup,
  ShardUp,
} from './shard-messages.ts'

export interface ShardState {
  readonly index: number
  readonly connections: number
  isReady: boolean
  /** All its connections were tried. */
  isConnected: boolean
  isClosed: boolean
  /** Connections that had not ended in order when it closed. */
  leftOpen: number
  lost: ShardExit | null
  /** Number of the question that the last progress answers. */
  answered: number
  progress: ShardProgress | null
  failedConnections: Uint32Array
  result: ShardResult | null
}

export class ShardGroup {
  readonly states: readonly ShardState[]
  readonly #links: ShardLink<ShardDown, ShardUp>[]
  readonly #watch = new ConditionWatch()
  readonly #intervals: Uint8Array[] = []
  #fatal: Error | null = null
  #asked = 0

  constructor(
    kind: 'thread' | 'process',
    setups: readonly ShardSetup[],
    counts: readonly number[],
  ) {
    this.states = setups.map((_, index) => freshState(index, counts[index]))
    this.#links = setups.map((setup, index) => this.#start(kind, setup, index))
  }

  /** Shards that still live. */
  get living(): readonly ShardState[] {
    return this.states.filter(({ lost }) => lost === null)
  }

  /** Sum over shards of what they said last. */
  sum(read: (progress: ShardProgress) => number): number {
    return this.states.reduce(
      (total, { progress }) => total + (progress === null ? 0 : read(progress)),
      0,
    )
  }

  /** Alive connections: those of lost shards are gone with them. */
  get alive(): number {
    return this.living.reduce((total, { progress }) => total + (progress?.alive ?? 0), 0)
  }

  /** Connections of the run that never came up. */
  get failedConnections(): Uint32Array {
    const parts = this.states.map((state) => state.failedConnections)
    const all = new Uint32Array(parts.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const part of parts) {
      all.set(part, at)
      at += part.length
    }
    return all
  }

  /** Of all shards that have said what they found. */
  get results(): readonly ShardResult[] {
    return this.states.map(({ result }) => result).filter((result) => result !== null)
  }

  tell(message: ShardDown): void {
    for (const state of this.living) this.tellOne(state, message)
  }

  /** Asks all for their progress, and goes on. */
  ask(): void {
    this.#asked += 1
    this.tell({ kind: 'ask', ask: this.#asked })
  }

  /** Asks all for their progress; resolves when all have answered, or after `limitMs`. */
  async askAndWait(limitMs: number): Promise<void> {
    this.ask()
    const asked = this.#asked
    const { living } = this
    await this.waitUntil(
      () => living.every(({ answered, lost }) => answered >= asked || lost !== null),
      limitMs,
    )
  }

  tellOne({ index }: ShardState, message: ShardDown): void {
    this.#links[index].post(message)
  }

  /** Each shard counts from zero with its next order to connect, and so do we. */
  beginStep(): void {
    for (const state of this.states) {
      state.isConnected = false
      state.result = null
      const { progress } = state
      if (progress === null) continue
      const { alive } = progress
      const counts = { attempted: alive, established: alive, failed: 0 }
      state.progress = { ...progress, ...counts, sent: 0, received: 0, duplicated: 0 }
    }
  }

  /** Encoded response times that came since the last call. */
  takeIntervals(): Uint8Array[] {
    return this.#intervals.splice(0)
  }

  /**
   * Waits until `condition` holds; false when the limit passed or the signal came first. Looks
   * again whenever a shard says something or dies. @throws what a shard failed with.
   */
  async waitUntil(
    condition: () => boolean,
    limitMs: number,
    signal?: AbortSignal,
  ): Promise<boolean> {
    await this.#watch.until(() => this.#fatal !== null || condition(), limitMs, signal)
    if (this.#fatal !== null) throw this.#fatal
    return condition()
  }

  /** Ends whatever still runs. */
  async kill(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.kill()))
  }

  #start(kind: 'thread' | 'process', setup: ShardSetup, index: number) {
    const link = startShard<ShardDown, ShardUp>({ kind, entry: 'loadgen-worker', index })
    const state = this.states[index]
    link.onMessage((message) => {
      this.#hear(state, message)
      this.wake()
    })
    link.onExit((exit) => {
      if (state.isClosed) return
      state.lost = exit
      if (!state.isReady) this.#fatal = lostBeforeReady(exit)
      this.wake()
    })
    link.post({ kind: 'setup', setup })
    return link
  }

  /** Makes everything that waits look at its condition again. */
  wake(): void {
    this.#watch.wake()
  }

  #hear(state: ShardState, message: ShardUp): void {
    switch (message.kind) {
      case 'ready':
        state.isReady = true
        break
      case 'connected':
        state.isConnected = true
        state.failedConnections = message.failedConnections
        this.#progress(state, message.progress)
        break
      case 'progress':
        state.answered = message.ask
        this.#progress(state, message.progress)
        break
      case 'result':
        state.result = message.result
        break
      case 'closed':
        state.isClosed = true
        state.leftOpen = message.left
        break
      case 'fatal':
        this.#fatal = errorFrom(message)
    }
  }

  #progress(state: ShardState, progress: ShardProgress): void {
    state.progress = progress
    this.#intervals.push(progress.interval)
  }
}

/** The error of another thread, as it would have been thrown here. */
export function errorFrom({ code, message, why, tries, stack }: FatalMessage): Error {
  if (code !== null && code in ERROR_EXIT_CODES) {
    return new PushctlError(code as ErrorCode, message, { ...(why ? { why } : {}), tries })
  }
  const error = new Error(message)
  if (stack) error.stack = stack
  return error
}

function freshState(index: number, connections: number): ShardState {
  return {
    index,
    connections,
    isReady: false,
    isConnected: false,
    isClosed: false,
    leftOpen: 0,
    lost: null,
    answered: 0,
    progress: null,
    failedConnections: new Uint32Array(0),
    result: null,
  }
}

function lostBeforeReady({ code, signal, error }: ShardExit): Error {
  return new PushctlError(
    'PUSHCTL_SHARD_LOST',
    `a generator shard ended with ${signal ?? code} before it was ready`,
    { ...(error ? { why: error.message, cause: error } : {}), tries: ['npm run build'] },
  )
}
