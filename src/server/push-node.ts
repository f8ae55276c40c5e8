/**
 * The push node as a whole: its shards, the directory of devices, admission, and what the HTTP API
 * asks of it. Runs on the main thread, which never touches a device's socket: it decides in batches
 * and hands bytes to shards.
 */
import { randomBytes } from 'node:crypto'
import { strictPlacement } from '../cluster/dispatch/strict-placement.ts'
import type { ShardExit } from '../engine/shard-host.ts'
import { BYE } from '../protocol/frame-types.ts'
import { addressesOf } from './address-text.ts'
import { Admission } from './admission.ts'
import type { ClusterTraffic } from './cluster/cluster-traffic.ts'
import { HostRecords } from './cluster/host-record.ts'
import { BroadcastLog } from './broadcast/broadcast-log.ts'
import type { BroadcastReceipt } from './broadcast/broadcast-log.ts'
import type { BroadcastState } from './broadcast/broadcast-messages.ts'
import { LOG_RECORD_PREFIX } from './broadcast/log-records.ts'
import { type MoveOrder, moveDevices } from './device-move.ts'
import { Directory } from './directory.ts'
import { GcReport } from './gc-report.ts'
import { NO_GUARD } from './guard/guard-settings.ts'
import { NodeGuard } from './guard/node-guard.ts'
import type { LoadLimits } from './guard/node-load.ts'
import { NodeInbox } from './inbox/node-inbox.ts'
import type { PushReceipt } from './inbox/push-receipts.ts'
import type {
  DeviceState,
  NodeControl,
  NodeCounters,
  NodeDescription,
  PushOutcome,
  PushRequest,
  Readiness,
} from './node-control.ts'
import { NodeDevices } from './node-devices.ts'
import { NodeDrain } from './node-drain.ts'
import type { PushNodeOptions } from './node-options.ts'
import { NodePushes } from './node-pushes.ts'
import { describeShards, mergeGc, NO_TOTALS, sumCounters, sumMemory } from './node-sample.ts'
import { NodeSampler } from './node-sampler.ts'
import { NodeVitals } from './node-vitals.ts'
import { type RunningShard, ShardGroup } from './shard-group.ts'
import { configureShard, sampleIntervalMs } from './shard-configuration.ts'
import type { ShardConfiguration, ShardListener, ShardUp } from './shard-messages.ts'
import { startShards } from './shard-start.ts'
import { type NodeTuning, type ShardTuning, tuningOfShard } from './shard-tuning.ts'
import { SipHash } from './sip-hash.ts'
import { MemoryStore } from './store/memory-store.ts'
import type { NodeTroubles } from './log/node-watch.ts'
import type { HttpDevices } from './http-devices/http-devices.ts'
import { createHttpDevices } from './http-devices/node-http-devices.ts'
import { createUpstream } from './upstream/node-upstream.ts'
import type { UpstreamRouter } from './upstream/upstream-router.ts'

export class PushNode implements NodeControl {
  /**
   * Called when a shard died: the node has lost its devices and goes on with the others. It is
   * started again after restartMs; -1: not any more.
   */
  onShardLost: (index: number, exit: ShardExit, restartMs: number) => void = () => {}
  onShardBack: (index: number) => void = () => {}

  readonly upstream: UpstreamRouter
  readonly httpDevices: HttpDevices
  readonly #options: PushNodeOptions
  readonly #group: ShardGroup
  readonly #directory = new Directory()
  readonly #admission: Admission
  readonly #guard: NodeGuard
  readonly #inbox: NodeInbox
  readonly #log: BroadcastLog
  readonly #pushes: NodePushes
  readonly #devices: NodeDevices
  readonly #hashKey: Uint32Array
  readonly #bootId = randomBytes(4).readUInt32BE()
  readonly #startedAtMs = Date.now()
  #listeners: readonly ShardListener[] = []
  #httpAddress = ''
  #isReady = false
  readonly #sampler: NodeSampler
  readonly #vitals: NodeVitals
  #connectionsMax: number
  #tuning: ShardTuning | null = null
  readonly #gcReport = new GcReport()
  readonly #drain: NodeDrain
  /** null: the node is alone. */
  readonly #traffic: ClusterTraffic | null
  readonly #hostRecords = new HostRecords()

  constructor(options: PushNodeOptions) {
    this.#options = options
    this.#connectionsMax = options.connectionsMax
    const { cluster = null } = options
    const store = options.store ?? cluster?.store ?? new MemoryStore()
    // Devices are stored under their hashes, so the key of the hash is the store's.
    this.#hashKey = store.hashKey
    const hash = new SipHash(this.#hashKey)
    this.#group = new ShardGroup({
      onMessage: (shard, message) => this.#onMessage(shard, message),
      onShardLost: (shard, exit, restartMs) => this.#onShardLost(shard, exit, restartMs),
      onShardBack: (shard) => this.#onShardBack(shard),
    })
    this.#vitals = new NodeVitals(this.#group)
    const { shards } = this.#group
    this.#inbox = new NodeInbox(store, shards, options.rowsPerShard, this.#directory)
    this.#guard = new NodeGuard(options.guard ?? NO_GUARD)
    this.#log = new BroadcastLog(this.#group, this.#inbox.commits, this.#hashKey, options.log)
    this.#traffic = cluster?.bind(this.#clusterHost()) ?? null
    const shared = { directory: this.#directory, group: this.#group, traffic: this.#traffic }
    this.#pushes = new NodePushes({
      ...shared,
      inbox: this.#inbox,
      hash,
      guard: this.#guard,
      bootId: this.#bootId,
      log: this.#log,
    })
    this.#devices = new NodeDevices({ ...shared, pushes: this.#pushes })
    this.#admission = new Admission({
      directory: this.#directory,
      shards: this.#group.shards,
      connectionsMax: options.connectionsMax,
      verifyDevice: options.verifyDevice,
      resumeGraceMs: options.resumeGraceMs ?? 0,
      onAdmitted: (shard, hellos, row) => this.#inbox.onAdmitted(shard, hellos, row),
      registry: this.#traffic?.sessions ?? null,
      placement: options.strictPlacement && cluster ? strictPlacement(cluster.view) : null,
    })
    this.#sampler = new NodeSampler({
      group: this.#group,
      guard: this.#guard,
      vitals: this.#vitals,
      isReady: () => this.readiness().ready,
      accepted: () => this.#admission.accepted,
      onSampled: () => this.#drain.divide(),
    })
    this.#drain = new NodeDrain({
      group: this.#group,
      admission: this.#admission,
      ledger: this.#sampler.ledger,
      onChange: () => {
        void this.#sampler.take(true)
        cluster?.tellState()
      },
    })
    this.upstream = createUpstream(options, this.#bootId, this.#directory, hash, this.#group)
    this.httpDevices = createHttpDevices(options, this.#group, (index, listeners) =>
      this.#configurationOf(index, listeners),
    )
  }

  /** Where devices connect, with real ports; complete after start(). */
  get listeners(): readonly ShardListener[] {
    return this.#listeners
  }

  get shards(): readonly RunningShard[] {
    return this.#group.shards
  }

  /** Starts all shards and listens. On failure nothing is left running. */
  async start(): Promise<void> {
    try {
      await this.#inbox.load((key, value) => {
        if (key.startsWith(LOG_RECORD_PREFIX)) this.#log.load(key, value)
      })
      this.#log.start(this.#inbox.store, this.#traffic !== null)
      await this.#options.cluster?.start()
      this.#listeners = await startShards(this.#options, this.#group, (index, listeners) =>
        this.#configurationOf(index, listeners),
      )
    } catch (error) {
      await this.stop()
      throw error
    }
    await this.#sampler.start(sampleIntervalMs(this.#options))
  }

  /** While it runs; not above what its tables were made for. */
  limitConnections(connectionsMax: number): void {
    this.#connectionsMax = Math.min(connectionsMax, this.#options.connectionsMax)
    this.#admission.connectionsMax = this.#connectionsMax
  }

  limitLoad(limits: LoadLimits): void {
    this.#guard.limitLoad(limits)
  }

  /** Settings that hold from now on, for shards that start later too. */
  tune(tuning: NodeTuning): void {
    this.#tuning = tuningOfShard(tuning, this.#options.shardCount)
    for (const { link } of this.#group.alive) link.post(this.#tuning)
  }

  get troubles(): NodeTroubles {
    return { store: this.#inbox.commits, silentShards: this.#sampler.ledger.silent }
  }

  /** How far the node is degraded now; '' at level 0. */
  get load(): { readonly level: number; readonly reason: string } {
    return { level: this.#guard.level, reason: this.#guard.loadReason }
  }

  /** Called when the HTTP API is up too: the node is ready, and measured from here on. */
  markReady(httpAddress: string): void {
    this.#httpAddress = httpAddress
    this.#sampler.gauge.start()
    this.#isReady = true
    this.#options.cluster?.markReady()
  }

  async stop(): Promise<void> {
    this.#sampler.stop()
    await this.#group.stop()
    this.#log.stop()
    await this.#inbox.close()
    await this.#options.cluster?.stop()
    await this.upstream.close(this.#options.webhooks?.closeMs ?? 0)
  }

  push(request: PushRequest): Promise<PushOutcome> {
    return this.#pushes.push(request)
  }

  receipt(pushId: string): PushReceipt | null {
    return this.#pushes.receipt(pushId)
  }

  async receiptElsewhere(pushId: string): Promise<PushReceipt | null> {
    return (await this.#traffic?.receipt(pushId)) ?? null
  }

  controlBroadcast(pushId: string, state: BroadcastState): Promise<BroadcastReceipt | null> {
    return (this.#traffic?.log ?? this.#log).control(pushId, state)
  }

  findDevice(deviceId: string): Promise<DeviceState | null> {
    return this.#devices.find(deviceId)
  }

  kickDevice(deviceId: string): Promise<boolean> {
    return this.#devices.kick(deviceId)
  }

  async describe(): Promise<NodeDescription> {
    const samples = await this.#sampler.take(true)
    const main = this.#sampler.gauge.sample(NO_TOTALS, true)
    const gc = () => mergeGc(samples, this.#sampler.ledger.legacies, main)
    return {
      name: this.#options.name,
      version: this.#options.version,
      startedAtMs: this.#startedAtMs,
      state: this.#state,
      connectionsMax: this.#connectionsMax,
      listeners: {
        tcp: addressesOf(this.#listeners, 'tcp'),
        ws: addressesOf(this.#listeners, 'ws'),
        http: this.#httpAddress,
      },
      counters: this.counters(),
      load: this.#guard.describe(),
      store: this.#inbox.counters(),
      upstream: this.upstream.state(),
      shards: describeShards(this.#group.shards, this.#sampler.ledger, (i) =>
        this.#group.restartsOf(i),
      ),
      gc: this.#gcReport.read(performance.now(), gc),
      memory: sumMemory(samples, main),
      health: this.#vitals.describe(samples, this.readiness().ready),
    }
  }

  counters(): NodeCounters {
    return sumCounters(this.#sampler.ledger.latest, this.#sampler.ledger.legacies, {
      hellosAccepted: this.#admission.accepted,
      hellosRefused: this.#admission.refused,
      pushesAccepted: this.#pushes.count,
      refusals: this.#guard.refusals.snapshot(),
    })
  }

  hashOf(deviceId: string): { readonly high: number; readonly low: number } {
    return this.#pushes.hashOf(deviceId)
  }

  readiness(): Readiness {
    if (this.#state === 'starting') return { ready: false, reason: 'starting' }
    if (this.#state === 'draining') return { ready: false, reason: 'draining' }
    if (this.#group.alive.length === 0) return { ready: false, reason: 'no shard is running' }
    const reason = this.#guard.notReadyReason || (this.#options.cluster?.fencedBy ?? '')
    return { ready: reason === '', reason }
  }

  drain(devicesPerSecond: number, addresses: readonly string[] = []): Promise<void> {
    return this.#drain.begin({ devicesPerSecond, code: BYE.DRAIN, addresses })
  }

  async move(order: MoveOrder): Promise<number> {
    return moveDevices(await this.#sampler.take(true), order)
  }

  /** The end of this node: devices are told to come back at once, and find the next one. */
  drainForShutdown(devicesPerSecond: number): Promise<void> {
    return this.#drain.begin({ devicesPerSecond, code: BYE.SHUTDOWN, addresses: [] })
  }

  undrain(): boolean {
    return this.#drain.cancel()
  }

  get #state(): NodeDescription['state'] {
    if (this.#drain.isOn) return 'draining'
    return this.#isReady ? 'ready' : 'starting'
  }

  #clusterHost() {
    return {
      directory: this.#directory,
      inbox: this.#inbox.remote,
      log: this.#log,
      shards: this.#group.shards,
      rowsPerShard: this.#options.rowsPerShard,
      describeForCluster: () =>
        this.#hostRecords.next({
          listeners: this.#listeners,
          httpAddress: this.#httpAddress,
          connectionsMax: this.#connectionsMax,
          counters: this.counters(),
          devicesHere: this.#directory.count,
          startedAtMs: this.#startedAtMs,
          drain: this.#drain,
          guardShare: this.#guard.loadShare,
          cpuShare: this.#sampler.cpuShare,
        }),
      findDevice: (deviceId: string) => this.#devices.findHere(deviceId),
      broadcast: (tag: string | null, payload: Uint8Array) =>
        this.#pushes.broadcastHere(tag, payload),
    }
  }

  #onMessage(shard: RunningShard, message: ShardUp): void {
    switch (message.kind) {
      case 'hellos':
        this.#log.tell(shard)
        this.#admission.decide(shard, message)
        shard.batch.flush()
        break
      case 'gone':
        this.#admission.forget(shard, message)
        this.#inbox.onGone(shard, message)
        break
      case 'log-progress':
        this.#log.onProgress(message)
        break
      case 'log-wanted':
        void this.#log.onWanted(shard, message)
        break
      case 'signals':
        this.#inbox.onSignals(shard, message)
        break
      case 'upstream':
        shard.link.post(this.upstream.take(shard.index, message))
        break
      case 'drained':
        this.#drain.onDrained(shard)
        break
    }
  }

  #onShardLost(shard: RunningShard, exit: ShardExit, restartMs: number): void {
    this.#directory.removeShard(shard.index)
    this.#inbox.onShardLost(shard.index)
    this.#traffic?.sessions.onShardLost(shard.index)
    this.#log.onShardLost(shard.index)
    this.#sampler.ledger.bury(shard)
    this.#vitals.shardsLost++
    this.#guard.onShardLost(shard.index)
    this.#drain.onDrained(shard)
    this.onShardLost(shard.index, exit, restartMs)
  }

  /** Its configuration is that of the first start; what was switched since, it is told again. */
  #onShardBack(shard: RunningShard): void {
    shard.link.post({ kind: 'device-events', isOn: this.upstream.wantsStates })
    if (this.#tuning !== null) shard.link.post(this.#tuning)
    this.onShardBack(shard.index)
  }

  #configurationOf(index: number, listeners: readonly ShardListener[]): ShardConfiguration {
    const { wantsStates: deviceEvents } = this.upstream
    return configureShard(this.#options, index, listeners, {
      hashKey: this.#hashKey,
      bootId: this.#bootId,
      deviceEvents,
    })
  }
}
