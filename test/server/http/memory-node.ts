/**
 * A small real NodeControl: devices in a Map, pushes in a list. The seam is what the HTTP tests are
 * about, so this stands on its other side; the tests can hold pushes back to see what the API does
 * with a slow node.
 */
import type { PushReceipt } from '../../../src/server/inbox/push-receipts.ts'
import type { MoveOrder } from '../../../src/server/device-move.ts'
import type {
  DeviceState,
  NodeControl,
  NodeCounters,
  NodeDescription,
  PushOutcome,
  PushRequest,
  Readiness,
} from '../../../src/server/node-control.ts'

export class MemoryNode implements NodeControl {
  readonly devices = new Map<string, DeviceState>()
  readonly pushes: PushRequest[] = []
  readonly receipts = new Map<string, PushReceipt>()
  readonly drains: number[] = []
  drainAddresses: readonly string[] = []
  readonly moves: MoveOrder[] = []
  ready: Readiness = { ready: true, reason: '' }
  /** Set to make the next pushes fail. */
  failure: Error | null = null
  #held: (() => void)[] | null = null

  connect(deviceId: string, tags: readonly string[] = []): void {
    this.devices.set(deviceId, {
      deviceId,
      online: true,
      sessionId: '17',
      shard: 0,
      carrier: 'tcp',
      address: '127.0.0.1:4000',
      network: 'wifi',
      heartbeatSeconds: 30,
      connectedAtMs: 1_700_000_000_000,
      idleSeconds: 1,
      queuedBytes: 0,
      tags,
    })
  }

  /** From now on pushes stay unanswered until release(). */
  hold(): void {
    this.#held = []
  }

  get heldPushes(): number {
    return this.#held?.length ?? 0
  }

  release(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const answer of held) answer()
  }

  async push(request: PushRequest): Promise<PushOutcome> {
    if (this.failure !== null) throw this.failure
    this.pushes.push({ ...request, payload: Uint8Array.from(request.payload) })
    const outcome = this.#outcomeOf(request, this.pushes.length)
    if (this.#held !== null) {
      await new Promise<void>((resolve) => {
        this.#held?.push(resolve)
      })
    }
    return outcome
  }

  async controlBroadcast(pushId: string, state: 'running' | 'paused' | 'cancelled') {
    const receipt = this.receipt(pushId)
    return receipt && { ...receipt, state }
  }

  receipt(pushId: string): PushReceipt | null {
    return this.receipts.get(pushId) ?? null
  }

  async findDevice(deviceId: string): Promise<DeviceState | null> {
    return this.devices.get(deviceId) ?? null
  }

  async kickDevice(deviceId: string): Promise<boolean> {
    return this.devices.delete(deviceId)
  }

  async drain(devicesPerSecond: number, addresses: readonly string[] = []): Promise<void> {
    this.drains.push(devicesPerSecond)
    this.drainAddresses = addresses
    this.ready = { ready: false, reason: 'draining' }
    this.devices.clear()
  }

  undrain(): boolean {
    if (this.ready.reason === 'shutting down') return false
    this.ready = { ready: true, reason: '' }
    return true
  }

  async move(order: MoveOrder): Promise<number> {
    this.moves.push(order)
    return Math.min(order.devices, this.devices.size)
  }

  hashOf(deviceId: string) {
    return { high: [...deviceId].reduce((sum, c) => sum * 31 + c.charCodeAt(0), 7) >>> 0, low: 0 }
  }

  readiness(): Readiness {
    return this.ready
  }

  counters(): NodeCounters {
    return {
      connectionsAccepted: 12,
      connectionsOpen: this.devices.size,
      devicesOnline: this.devices.size,
      hellosAccepted: 11,
      hellosRefused: { unauthorized: 1 },
      closes: { replaced: 2, 'peer-end': 3 },
      framesReceived: 40,
      messagesSent: 50,
      pushesAccepted: this.pushes.length,
      bytesReceived: 600,
      bytesSent: 700,
      heartbeats: 8,
      bufferedBytes: 0,
      acceptsDeferred: 0,
      refusals: { overloaded: 4 },
    }
  }

  async describe(): Promise<NodeDescription> {
    const pauses = {
      count: 4,
      min: 100,
      mean: 500,
      p50: 400,
      p75: 600,
      p90: 700,
      p95: 800,
      p99: 900,
      p99_9: 900,
      p99_99: 900,
      max: 900,
      hdr: '',
    }
    return {
      name: 'node "a"',
      version: '0.1.0',
      startedAtMs: 1_700_000_000_000,
      state: this.ready.ready ? 'ready' : 'draining',
      connectionsMax: 1000,
      listeners: { tcp: ['127.0.0.1:7000'], ws: ['127.0.0.1:7001'], http: '127.0.0.1:7002' },
      counters: this.counters(),
      store: {
        isDurable: true,
        messagesStored: 9,
        messagesAcked: 5,
        messagesExpired: 1,
        messagesTrimmed: 1,
        messagesFailed: 0,
        messagesRedelivered: 2,
        messagesPending: 2,
        devicesKnown: 3,
        writes: 8,
        writesFailed: 1,
        isFailing: false,
        lastWriteMs: 0.4,
        stalledMs: 0,
        unwrittenBytes: 0,
        writeTimes: { counts: [0, 8, ...Array(15).fill(0)], count: 8, sumSeconds: 0.0016 },
      },
      upstream: {
        sends: { accepted: 5, refused: 2, overloaded: 1 },
        consumers: 1,
        consumersCut: 3,
        webhooks: [
          {
            name: 'chat=https://app.example/hook',
            delivered: 4,
            dead: 1,
            dropped: 0,
            queuedEvents: 2,
            queuedBytes: 300,
            attempts: { 204: 2, timeout: 1 },
          },
        ],
      },
      load: {
        level: 1,
        reason: 'loop lag 1s',
        shards: [{ index: 0, level: 1 }],
        memoryBytesMax: 0,
        loopLagMsMax: 2_000,
        connectsPerSecondMax: 0,
      },
      shards: [
        {
          index: 0,
          kind: 'thread',
          pid: 1,
          engine: 'node',
          state: 'up',
          restarts: 0,
          connectionsOpen: this.devices.size,
          devicesOnline: this.devices.size,
          rssBytes: 1024,
          cpuUs: 2_500_000,
        },
      ],
      gc: { known: true, kinds: [{ kind: 'minor', pauses, longest: [] }], loop_lag: pauses },
      memory: { rssBytes: 1024, heapUsedBytes: 512, externalBytes: 0 },
      health: {
        connections: {
          states: { upgrading: 0, hello: 1, joining: 0, joined: this.devices.size, closing: 0 },
          carriers: { tcp: this.devices.size, 'push.v1': 0, 'push.v1.json': 0 },
        },
        readySeconds: 90,
        upSeconds: 100,
        shardsLost: 1,
        shardAnswers: {
          counts: [0, 0, 0, 3, 1, ...Array(12).fill(0)],
          count: 4,
          sumSeconds: 0.005,
        },
        shardQuestionsPending: 2,
        shardQuestionsUnanswered: 1,
        clockOffsetSeconds: -3_600.5,
      },
    }
  }

  #outcomeOf(request: PushRequest, serial: number): PushOutcome {
    const { to } = request
    const devices = [...this.devices.values()]
    const online =
      to.kind === 'all'
        ? devices.length
        : to.kind === 'tag'
          ? devices.filter((device) => device.tags.includes(to.tag)).length
          : to.deviceIds.filter((id) => this.devices.has(id)).length
    const accepted = to.kind === 'devices' ? to.deviceIds.length : online
    const stored = request.stored ? accepted : 0
    return { accepted, stored, online, pushId: `p${serial}` }
  }
}
