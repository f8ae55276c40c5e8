/**
 * The shards of a node as the main thread sees them: starts them, asks them questions, notices when
 * one dies. Questions carry a number and have a time limit, so a shard that hangs can not hang the
 * node.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ShardExit, type ShardKind, type ShardLink, startShard } from '../engine/shard-host.ts'
import type { EngineKind } from '../engine/socket-engine.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
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
  onShardLost(shard: RunningShard, exit: ShardExit): void
}

type Answer = Extract<ShardUp, { requestId: number }>

interface Question {
  readonly shard: RunningShard
  settle(answer: Answer | null): void
}

export class ShardGroup {
  readonly shards: RunningShard[] = []
  readonly #events: ShardGroupEvents
  readonly #questions = new Map<number, Question>()
  #lastRequestId = 0
  #isStopping = false

  constructor(events: ShardGroupEvents) {
    this.#events = events
  }

  get alive(): RunningShard[] {
    return this.shards.filter((shard) => shard.isAlive)
  }

  /**
   * Resolves with the listeners as they were opened; throws PushctlError where a shard can not
   * start.
   */
  start(kind: ShardKind, configuration: ShardConfiguration): Promise<readonly ShardListener[]> {
    const link = startShard<ShardDown, ShardUp>({
      kind,
      entry: 'server-shard',
      index: configuration.index,
    })
    const shard: RunningShard = {
      index: configuration.index,
      link,
      batch: new ShardBatch((message) => link.post(message)),
      engine: 'node',
      isAlive: true,
    }
    this.shards.push(shard)
    return new Promise((resolve, reject) => {
      link.onMessage((message) => {
        if (message.kind === 'listening') {
          shard.engine = message.engine
          resolve(message.listeners)
        } else if (message.kind === 'failed') reject(startError(message))
        else this.#onMessage(shard, message)
      })
      link.onExit((exit) => {
        shard.isAlive = false
        this.#giveUpQuestions(shard)
        reject(lostError(shard, exit))
        if (!this.#isStopping) this.#events.onShardLost(shard, exit)
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
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(null), ANSWER_MS_MAX)
      const settle = (answer: Answer | null) => {
        clearTimeout(timer)
        this.#questions.delete(requestId)
        resolve(answer as Extract<Answer, { kind: Kind }> | null)
      }
      this.#questions.set(requestId, { shard, settle })
      shard.link.post(question(requestId))
    })
  }

  /** Ends all shards; those that do not end by themselves are killed. */
  async stop(): Promise<void> {
    this.#isStopping = true
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
    await Promise.all(this.shards.map((shard) => shard.link.kill()))
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
