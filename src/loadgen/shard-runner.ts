/**
 * What a shard does with the coordinator's messages: the conversation around LoadShard, the same in
 * a thread and in a process. Anything thrown becomes one `fatal` message, so that the coordinator
 * can tell a wrong setup from a crash.
 */
import type { ShardPort } from '../engine/shard-host.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { AlignedTicker, type TickPhase } from '../stats/aligned-ticker.ts'
import { loopLagTickMs } from '../stats/loop-lag-recorder.ts'
import { phaseOf } from './event-share.ts'
import { LatencyPair } from './latency-pair.ts'
import { LoadShard } from './load-shard.ts'
import { runPeriods } from './run-limits.ts'
import type {
  EncodedMetric,
  FatalMessage,
  SendCounts,
  ShardDown,
  ShardProgress,
  ShardResult,
  ShardUp,
  SteadyStage,
} from './shard-messages.ts'
import type { ByteCount } from './verdict/byte-gap.ts'
import { ThreadWatch } from './thread-watch.ts'

const NOTHING_SENT: SendCounts = { planned: 0, sent: 0, late: 0, unsent: 0, unsendable: 0 }

export class ShardRunner {
  readonly #port: ShardPort<ShardDown, ShardUp>
  #watch = new ThreadWatch()
  #shard: LoadShard | null = null
  #progressTicker: AlignedTicker | null = null
  #shards = 1
  #phase: TickPhase = 0
  /** The step is over: a further one is watched anew. */
  #isFinished = false
  #ask = 0

  constructor(port: ShardPort<ShardDown, ShardUp>) {
    this.#port = port
    port.onMessage((message) => {
      this.#onMessage(message).catch((error) => port.post(fatalFrom(error)))
    })
  }

  async #onMessage(message: ShardDown): Promise<void> {
    switch (message.kind) {
      case 'setup':
        this.#shard = new LoadShard(message.setup, () => this.#onSettled())
        this.#shard.onHopeless = () => this.#postProgress()
        this.#shards = message.setup.share.shards
        this.#phase = phaseOf(message.setup.share)
        this.#startWatch()
        this.#port.post({ kind: 'ready' })
        return
      case 'connect':
        if (this.#isFinished) this.#startWatch()
        this.#running().connect(message.startUs, message.connections)
        this.#progressTicker = new AlignedTicker(
          runPeriods(this.#shards).intervalMs,
          this.#phase,
          () => this.#postProgress(),
        )
        this.#progressTicker.start()
        return
      case 'steady':
        this.#startSteady(message.stage)
        return
      case 'clock':
        this.#running().receipts.correctClock(message.clock)
        return
      case 'extend':
        this.#running().extend(message.endUs)
        this.#watch.extend(message.endUs)
        return
      case 'ask':
        this.#ask = message.ask
        this.#postProgress()
        return
      case 'stop':
        this.#watch.endMeasure()
        this.#running().stopSending()
        return
      case 'finish':
        this.#finish()
        return
      case 'close':
        this.#port.post({ kind: 'closed', left: await this.#running().close(message.limitMs) })
    }
  }

  #startWatch(): void {
    this.#isFinished = false
    this.#watch = new ThreadWatch(loopLagTickMs(this.#shards), this.#phase)
    this.#watch.start()
  }

  #running(): LoadShard {
    if (this.#shard === null) throw new Error('a shard is set up before anything else')
    return this.#shard
  }

  #onSettled(): void {
    const failedConnections = this.#running().failedRows.connections()
    this.#port.post({ kind: 'connected', progress: this.#progress(), failedConnections })
  }

  #startSteady(stage: SteadyStage): void {
    this.#running().startSteady(stage)
    this.#watch.measureBetween(stage.measureFromUs, stage.endUs)
  }

  #postProgress(): void {
    this.#port.post({ kind: 'progress', progress: this.#progress(), ask: this.#ask })
  }

  #progress(): ShardProgress {
    const shard = this.#running()
    return {
      attempted: shard.connector.attempted,
      established: shard.established,
      failed: shard.failed,
      alive: shard.rows.openCount,
      sent: shard.echo?.sent ?? 0,
      received: shard.receipts.received,
      duplicated: shard.receipts.duplicated,
      late: shard.echo?.late ?? 0,
      thread: this.#watch.soFar(),
      topFailure: shard.failures.rows()[0] ?? null,
      interval: shard.receipts.takeInterval(),
      rssBytes: process.memoryUsage.rss(),
    }
  }

  #finish(): void {
    const shard = this.#running()
    this.#progressTicker?.stop()
    this.#isFinished = true
    this.#watch.endMeasure()
    const aliveAtEnd = shard.rows.openCount
    shard.stopSending()
    this.#port.post({ kind: 'result', result: this.#result(shard, aliveAtEnd) })
  }

  #result(shard: LoadShard, aliveAtEnd: number): ShardResult {
    shard.receipts.takeInterval()
    const { receipts } = shard
    // Before the metrics are read: it adds one.
    const dispatched = shard.dispatch?.findings(this.#watch.endUs)
    return {
      attempted: shard.connector.attempted,
      established: shard.established,
      failed: shard.failed,
      aliveAtEnd,
      failures: shard.failures.rows(),
      replacements: shard.churn?.counts(this.#watch.endUs) ?? NOTHING_SENT,
      sends: shard.echo?.counts(this.#watch.endUs) ?? NOTHING_SENT,
      direct: receipts.direct,
      broadcast: receipts.broadcasts,
      ...roomFindings(shard),
      foreign: receipts.foreign,
      refused: receipts.refused,
      metrics: encodedMetrics(shard),
      ledger: receipts.ledger?.columns() ?? null,
      endedUs: Float64Array.from(shard.endedUs),
      ...this.#watch.finish(),
      bytes: byteCounts(shard),
      ...(dispatched === undefined ? {} : { dispatch: dispatched }),
    }
  }
}

function roomFindings(shard: LoadShard): Pick<ShardResult, 'rooms'> {
  const members = shard.rooms?.members() ?? null
  if (members === null) return {}
  const ended = Uint32Array.from(shard.rooms?.ended ?? [])
  return { rooms: { ...shard.receipts.rooms, members, ended } }
}

function byteCounts(shard: LoadShard): ByteCount[] {
  const { acked, received } = shard.kernelBytes()
  return [
    { direction: 'sent', expected: shard.engine.counters.bytesCommitted, counted: acked },
    { direction: 'received', expected: shard.decodedBytes, counted: received },
  ]
}

function encodedMetrics(shard: LoadShard): EncodedMetric[] {
  const message = shard.echo === null ? 'push_latency' : 'echo_latency'
  const pairs = [
    ['connect_time', shard.connectTime],
    ['upgrade_time', shard.upgradeTime],
    ['handshake_time', shard.handshakeTime],
    ['heartbeat_rtt', shard.heartbeatRtt],
    ['reconnect_time', shard.reconnector?.reconnectTime ?? new LatencyPair()],
    ['unavailability', shard.dispatch?.unavailability ?? new LatencyPair()],
    [message, shard.receipts],
  ] as const
  return pairs
    .filter(([, pair]) => pair.response.count > 0)
    .map(([name, pair]) => ({
      name,
      response: pair.response.encode(),
      service: pair.service.encode(),
    }))
}

export function fatalFrom(error: unknown): FatalMessage {
  if (error instanceof PushctlError) {
    const { code, message, why = '', tries } = error
    return { kind: 'fatal', code, message, why, tries, stack: '' }
  }
  const { message, stack = '' } = error instanceof Error ? error : new Error(String(error))
  return { kind: 'fatal', code: null, message, why: '', tries: [], stack }
}
