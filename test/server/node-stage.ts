/**
 * A push node in this process: real shards on real sockets, and a main side made of the real
 * admission and directory. Each shard has ports of its own, so a test chooses where a device lands.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { PayloadKey } from '../../src/protocol/payload-keys.ts'
import { Admission } from '../../src/server/admission.ts'
import { Directory } from '../../src/server/directory.ts'
import { NO_GUARD, type NodeGuardSettings } from '../../src/server/guard/guard-settings.ts'
import type { RefusalReason } from '../../src/server/guard/refusal-counts.ts'
import type { DeviceVerifier } from '../../src/server/node-options.ts'
import { Shard } from '../../src/server/shard.ts'
import { ShardBatch } from '../../src/server/shard-batch.ts'
import type { RunningShard } from '../../src/server/shard-group.ts'
import type {
  ShardConfiguration,
  ShardDown,
  ShardSample,
  ShardUp,
} from '../../src/server/shard-messages.ts'
import { SipHash } from '../../src/server/sip-hash.ts'
import { UpstreamRouter } from '../../src/server/upstream/upstream-router.ts'
import type { WebhookSettings } from '../../src/server/upstream/webhook-target.ts'

/** Only how long a test may hang before it fails; nothing depends on it. */
const WAIT_MS_MAX = 6_000
const LOOK_AGAIN_MS = 3

const HASH_KEY = new Uint32Array([1, 2, 3, 4])
const BOOT_ID = 0xabcdef01

/** Resolves once the state is reached. */
export async function untilTrue(isReached: () => boolean): Promise<void> {
  const waitUntilMs = performance.now() + WAIT_MS_MAX
  while (!isReached()) {
    if (performance.now() > waitUntilMs) throw new Error(`waited in vain for ${isReached}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}

export interface StageOptions {
  readonly engine: 'epoll' | 'node'
  readonly shardCount?: number
  readonly capacity?: number
  readonly connectionsMax?: number
  readonly verifyDevice?: DeviceVerifier
  readonly limits?: Partial<ShardConfiguration['limits']>
  readonly heartbeatSecondsMin?: number
  readonly resumeGraceMs?: number
  readonly broadcastPerSecond?: number
  /** Set, also to null, where shards hand on what devices send. */
  readonly webhooks?: WebhookSettings | null
  readonly guard?: Partial<NodeGuardSettings>
  readonly payloadKeys?: readonly PayloadKey[]
}

type Answer = Extract<ShardUp, { requestId: number }>

export interface StagedShard extends RunningShard {
  readonly shard: Shard
  tcpPort: number
  wsPort: number
}

export class NodeStage {
  readonly directory = new Directory()
  readonly shards: StagedShard[] = []
  readonly messages: ShardUp[] = []
  readonly admission: Admission
  readonly upstream: UpstreamRouter
  readonly #answers = new Map<number, (answer: Answer) => void>()
  #lastRequestId = 0

  private constructor(options: StageOptions) {
    this.admission = new Admission({
      directory: this.directory,
      shards: this.shards,
      connectionsMax: options.connectionsMax ?? 1_000,
      verifyDevice: options.verifyDevice ?? null,
      resumeGraceMs: options.resumeGraceMs ?? 0,
    })
    this.upstream = new UpstreamRouter({
      nodeName: 'stage',
      bootId: BOOT_ID,
      webhooks: options.webhooks ?? null,
      directory: this.directory,
      hash: new SipHash(HASH_KEY),
      onStatesWanted: (isOn) => {
        for (const { link } of this.shards) link.post({ kind: 'device-events', isOn })
      },
      tell: () => {},
    })
  }

  static async open(options: StageOptions): Promise<NodeStage> {
    const stage = new NodeStage(options)
    for (let index = 0; index < (options.shardCount ?? 1); index++) {
      stage.shards.push(stage.#shard(options, index))
      await stage.shards[index]!.shard.start()
      await untilTrue(() => stage.shards[index]!.wsPort !== 0)
    }
    return stage
  }

  get first(): StagedShard {
    return this.shards[0]!
  }

  async close(): Promise<void> {
    await Promise.all(this.shards.map(({ shard }) => shard.stop()))
    await this.upstream.close(0)
  }

  /** The running totals of all shards, and what they know of themselves. */
  samples(): ShardSample[] {
    return this.shards.map(({ shard }) => shard.sample(false))
  }

  total(name: Exclude<keyof ShardSample['totals'], 'closes' | 'refusals'>): number {
    return this.samples().reduce((sum, { totals }) => sum + totals[name], 0)
  }

  /** How often this was the reason to refuse. */
  refusals(reason: RefusalReason): number {
    return this.samples().reduce((sum, { totals }) => sum + (totals.refusals[reason] ?? 0), 0)
  }

  /** How many sessions ended under this name. */
  closes(name: string): number {
    return this.samples().reduce((sum, { totals }) => sum + (totals.closes[name] ?? 0), 0)
  }

  push(deviceId: string, payload: string): boolean {
    const shard = this.#locate(deviceId)
    if (!shard) return false
    const { slot, generation } = this.directory
    shard.batch.addDelivery(slot, generation, Buffer.from(payload))
    return true
  }

  kick(deviceId: string): boolean {
    const shard = this.#locate(deviceId)
    shard?.batch.addClose(this.directory.slot, this.directory.generation, 4002)
    return shard !== null
  }

  async broadcast(payload: Uint8Array, tag: string | null = null): Promise<number> {
    const counts = this.shards.map(async (shard) => {
      const answer = await this.#ask(shard, (requestId) => {
        return { kind: 'broadcast', requestId, tag, payload }
      })
      return (answer as Extract<Answer, { kind: 'broadcast-started' }>).receivers
    })
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  }

  async describe(deviceId: string) {
    const shard = this.#locate(deviceId)
    if (!shard) return null
    const { slot, generation } = this.directory
    const answer = await this.#ask(shard, (requestId) => {
      return { kind: 'describe-device', requestId, slot, generation, deviceId }
    })
    return (answer as Extract<Answer, { kind: 'device' }>).state
  }

  drain(code: number, devicesPerSecond = 0, addresses: readonly string[] = []): void {
    this.admission.closedWith = code
    for (const { link } of this.shards) {
      link.post({ kind: 'drain', devicesPerSecond, code, addresses })
    }
  }

  #ask(shard: StagedShard, question: (requestId: number) => ShardDown): Promise<Answer> {
    const requestId = ++this.#lastRequestId
    return new Promise((resolve) => {
      this.#answers.set(requestId, resolve)
      shard.link.post(question(requestId))
    })
  }

  #locate(deviceId: string): StagedShard | null {
    const hash = new SipHash(HASH_KEY)
    const bytes = Buffer.from(deviceId)
    hash.hash(bytes, 0, bytes.length)
    if (!this.directory.find(hash.high, hash.low)) return null
    return this.shards[this.directory.shard]!
  }

  #shard(options: StageOptions, index: number): StagedShard {
    // Messages cross threads in the node; here they wait for the next turn.
    const shard = new Shard(configurationOf(options, index), (message) => {
      void turn().then(() => this.#onMessage(staged, message))
    })
    const post = (message: ShardDown) => void turn().then(() => shard.onMessage(message))
    const staged: StagedShard = {
      index,
      shard,
      tcpPort: 0,
      wsPort: 0,
      batch: new ShardBatch(post),
      engine: options.engine,
      isAlive: true,
      link: {
        index,
        kind: 'thread',
        pid: process.pid,
        post,
        onMessage: () => {},
        onExit: () => {},
        kill: async () => {},
      },
    }
    return staged
  }

  #onMessage(shard: StagedShard, message: ShardUp): void {
    this.messages.push(message)
    if ('requestId' in message) this.#answers.get(message.requestId)?.(message)
    else if (message.kind === 'hellos') {
      this.admission.decide(shard, message)
      shard.batch.flush()
    } else if (message.kind === 'gone') this.admission.forget(shard, message)
    else if (message.kind === 'upstream') shard.link.post(this.upstream.take(shard.index, message))
    else if (message.kind === 'listening') {
      shard.tcpPort = message.listeners[0]!.port
      shard.wsPort = message.listeners[1]!.port
    }
  }
}

function configurationOf(options: StageOptions, index: number): ShardConfiguration {
  return {
    index,
    engine: options.engine,
    capacity: options.capacity ?? 200,
    listeners: [
      { carrier: 'tcp', host: '127.0.0.1', port: 0 },
      { carrier: 'ws', host: '127.0.0.1', port: 0 },
    ],
    reusePort: false,
    backlog: 4_096,
    limits: {
      frameBytesMax: 64 * 1024,
      handshakeMs: 10_000,
      sendQueueBytesMax: 256 * 1024,
      bufferedBytesMax: 64 << 20,
      ...options.limits,
    },
    heartbeatSecondsMin: options.heartbeatSecondsMin ?? 30,
    heartbeatSecondsMax: 480,
    hashKey: HASH_KEY,
    bootId: BOOT_ID,
    loopLagTickMs: 10,
    broadcastPerSecond: options.broadcastPerSecond ?? 0,
    ...(options.webhooks === undefined
      ? {}
      : { upstream: { deviceEvents: options.webhooks?.deviceEvents ?? false } }),
    guard: { ...NO_GUARD, ...options.guard },
    payloadKeys: options.payloadKeys ?? [],
  }
}
