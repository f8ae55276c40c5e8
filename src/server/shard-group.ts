/**
 * The shards of a node as the main thread sees them: starts them, asks them questions, notices when
 * one dies, and starts it again on the same ports after a back-off. A shard that was never up is
 * not started again: then the node itself does not start. Questions carry a number and have a time
 * limit, so a shard that hangs can not hang the node.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ShardExit, type ShardKind, type ShardLink, startShard } from '../engine/shard-host.ts'
import type { EngineKind } from '../engine/socket-engine.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { BucketHistogram } from '../stats/bucket-histogram.ts'
import { nowUs } from '../stats/clock.ts'
import { RestartBackOff } from './restart-back-off.ts'
import { ShardBatch } from './shard-batch.ts'
import type { ShardConfiguration, ShardDown, ShardListener, ShardUp } from './shard-messages.ts'

const ANSWER_MS_MAX = 5_000
const STOP_MS_MAX = 3_000

export interface RunningShard {
  readonly index: number
  readonly link: ShardLink<ShardDown, ShardUp>
  readonly batch: ShardBatch
  engine: EngineKind
  isAlive: boolean
}

export interface ShardGroupEvents {
  onMessage(shard: RunningShard, message: ShardUp): void
  onShardLost(shard: RunningShard, exit: ShardExit, restartMs: number): void
  onShardBack?(shard: RunningShard): void
}

type Answer = Extract<ShardUp, { requestId: number }>

interface Question {
  readonly shard: RunningShard
  settle(answer: Answer | null): void
}

/** What is known of a place in the group, whichever shard holds it. */
interface Place {
  readonly backOff: RestartBackOff
  restarts: number
  timer: NodeJS.Timeout | undefined
}

export class ShardGroup {
  /** By index; a shard that was started again takes the place of the dead one. */
  readonly shards: RunningShard[] = []
  /** How long shards take to answer: the interface between main thread and shards. */
  readonly answerTimes = new BucketHistogram()
  /** Questions that were not answered in time, or died with their shard. */
  unanswered = 0
  readonly #events: ShardGroupEvents
  readonly #questions = new Map<number, Question>()
  readonly #places: Place[] = []
  #lastRequestId = 0
  #isStopping = false
  #isLeaving = false

  constructor(events: ShardGroupEvents) {
    this.#events = events
  }

  get alive(): RunningShard[] {
    return this.shards.filter((shard) => shard.isAlive)
  }

  /** Questions that wait for their answer. */
  get pending(): number {
    return this.#questions.size
  }

  /** How often the shard at this index was started again. */
  restartsOf(index: number): number {
    return this.#places[index]?.restarts ?? 0
  }

  /**
   * Resolves with the listeners as they were opened; throws PushctlError where a shard can not
   * start.
   */
  start(
    kind: ShardKind,
    configuration: ShardConfiguration,
    link: ShardLink<ShardDown, ShardUp> = startShard({
      kind,
      entry: 'server-shard',
      index: configuration.index,
    }),
  ): Promise<readonly ShardListener[]> {
    const isFirst = this.#places[configuration.index] === undefined
    const shard: RunningShard = {
      index: configuration.index,
      link,
      batch: new ShardBatch((message) => link.post(message)),
      engine: 'node',
      // One that comes back is asked nothing before it listens.
      isAlive: isFirst,
    }
    this.shards[shard.index] = shard
    this.#places[shard.index] ??= { backOff: new RestartBackOff(), restarts: 0, timer: undefined }
    let again: ShardConfiguration | null = isFirst ? null : configuration
    let listensSinceMs = 0
    return new Promise((resolve, reject) => {
      link.onMessage((message) => {
        if (message.kind === 'listening') {
          shard.engine = message.engine
          shard.isAlive = true
          again = onTheSamePorts(configuration, message.listeners)
          listensSinceMs = performance.now()
          resolve(message.listeners)
        } else if (message.kind === 'failed') {
          reject(startError(message))
          if (!isFirst) void link.kill()
        } else this.#onMessage(shard, message)
      })
      link.onExit((exit) => {
        shard.isAlive = false
        this.#giveUpQuestions(shard)
        reject(lostError(shard, exit))
        if (this.#isStopping) return
        const livedMs = listensSinceMs === 0 ? 0 : performance.now() - listensSinceMs
        const restartMs = again === null ? -1 : this.#restartLater(kind, again, livedMs)
        this.#events.onShardLost(shard, exit, restartMs)
      })
      link.post({ kind: 'configure', configuration })
    })
  }

  /** Asks one shard; null where it does not answer in time or died. */
  ask<Kind extends Answer['kind']>(
    shard: RunningShard,
    question: (requestId: number) => ShardDown,
  ): Promise<Extract<Answer, { kind: Kind }> | null> {
    const requestId = ++this.#lastRequestId
    const askedUs = nowUs()
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(null), ANSWER_MS_MAX)
      const settle = (answer: Answer | null) => {
        clearTimeout(timer)
        this.#questions.delete(requestId)
        if (answer === null) this.unanswered++
        else this.answerTimes.recordUs(nowUs() - askedUs)
        resolve(answer as Extract<Answer, { kind: Kind }> | null)
      }
      this.#questions.set(requestId, { shard, settle })
      shard.link.post(question(requestId))
    })
  }

  /** The node goes away: who dies now stays down. */
  stopRestarting(): void {
    this.#isLeaving = true
    for (const place of this.#places) clearTimeout(place?.timer)
  }

  /** Ends all shards; those that do not end by themselves are killed. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.stopRestarting()
    const limit = new AbortController()
    const ends = this.alive.map(
      (shard) =>
        new Promise<void>((resolve) => {
          shard.link.onExit(() => resolve())
          shard.link.post({ kind: 'stop' })
        }),
    )
    await Promise.race([
      Promise.all(ends),
      sleep(STOP_MS_MAX, undefined, { signal: limit.signal }).catch(() => {}),
    ])
    limit.abort()
    await Promise.all(this.shards.map((shard) => shard?.link.kill()))
  }

  /** In how many milliseconds; -1: not at all. */
  #restartLater(kind: ShardKind, configuration: ShardConfiguration, livedMs: number): number {
    if (this.#isLeaving) return -1
    const place = this.#places[configuration.index]
    const delayMs = place.backOff.nextDelayMs(livedMs)
    place.timer = setTimeout(() => {
      this.start(kind, configuration).then(
        () => {
          place.restarts++
          this.#events.onShardBack?.(this.shards[configuration.index])
        },
        // Its end was told by onExit, which also tries again.
        () => {},
      )
    }, delayMs)
    return delayMs
  }

  /** It will not answer any more. */
  #giveUpQuestions(shard: RunningShard): void {
    for (const question of this.#questions.values()) {
      if (question.shard === shard) question.settle(null)
    }
  }

  #onMessage(shard: RunningShard, message: ShardUp): void {
    if ('requestId' in message) this.#questions.get(message.requestId)?.settle(message)
    else this.#events.onMessage(shard, message)
  }
}

/** Where 0 was asked for, devices know the port that was had. */
function onTheSamePorts(
  configuration: ShardConfiguration,
  opened: readonly ShardListener[],
): ShardConfiguration {
  const listeners = configuration.listeners.map((asked, i) => ({ ...asked, ...opened[i] }))
  return { ...configuration, listeners }
}

function startError(message: Extract<ShardUp, { kind: 'failed' }>): PushctlError {
  const { code, message: text, why, tries } = message
  return new PushctlError(code, text, why === null ? { tries } : { why, tries })
}

function lostError(shard: RunningShard, exit: ShardExit): PushctlError {
  const how = exit.error?.message ?? exit.signal ?? `exit code ${exit.code}`
  return new PushctlError('PUSHCTL_SHARD_LOST', `shard ${shard.index} ended unasked: ${how}`, {
    ...(exit.error ? { cause: exit.error } : {}),
  })
}
