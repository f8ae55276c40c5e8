/**
 * This node among the others: joins under its name, renews its lease, and holds the list of those
 * whose lease holds, as the last renewal read it. A lease that could not be renewed in time is
 * lost: the node then counts itself out (fenced) before anybody else may, because it counts from
 * when it asked, not from when it was answered.
 *
 *   join ─► held ─renewed every third of the lease─► held
 *             └─ no answer for a whole lease ─► fenced ─ renewed, devices checked ─► held
 */
import { PushctlError } from '../errors/pushctl-error.ts'
import { refused } from './cluster-error.ts'
import { KEY_FORMAT, type KeyNames } from './key-names.ts'
import type { ClusterView, NodeRecord } from './node-record.ts'
import type { RedisLink } from './redis-link.ts'
import { FILL, JOIN, LEASE, LEAVE } from './scripts/node-scripts.ts'

const RENEWALS_PER_LEASE = 4
const SKEW_MS_MAX = 1_000
/** What asks for the list anew gathers so long: it may be told by many nodes at one time. */
const LEARN_MS = 50
const DEAD_MAX = 1_000
/** Node numbers start at seconds since 2020, so that none returns if Redis loses its data. */
const EPOCH_S = 1_577_836_800

/** What the node says of itself; the rest of its record is the lease's. */
export type OwnRecord = Omit<NodeRecord, 'name' | 'bootId' | 'seenAtMs'>

export interface MembershipEvents {
  /** The lease is lost: nothing of this node is known to be true any more. */
  onLost(reason: string): void
  /** It is held again. */
  onHeld(): void
  /** Redis knows less than it did, or may: devices are to be checked. See fillingMs. */
  onFilling(): void
  /** The list was read again; `gone` are those that ended without saying so. */
  onNodes(gone: readonly NodeRecord[]): void
  /** For a line of the log. */
  tell(line: string): void
}

export interface MembershipParts {
  readonly link: RedisLink
  readonly keys: KeyNames
  readonly name: string
  readonly leaseMs: number
  describe(): OwnRecord
  readonly events: MembershipEvents
}

export class Membership implements ClusterView {
  readonly selfName: string
  /** Of this run; higher than that of any earlier one. Channels and registry name nodes by it. */
  number = 0
  /** Of the device hash, the same for all nodes. */
  hashKey = new Uint32Array(4)
  readonly #parts: MembershipParts
  #nodes: readonly NodeRecord[] = []
  #names = new Map<number, string>()
  readonly #deadUntilMs = new Map<number, number>()
  #learning: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  #isHeld = false
  /** By this process's monotonic clock. */
  #heldUntilMs = 0
  #hasToldSkew = false
  /** By this process's monotonic clock. */
  #filledAtMs = 0
  /** By the clock of Redis: when it was last found to know less than before. */
  #emptiedMs = 0
  #companyAtMs = Number.NEGATIVE_INFINITY
  #isStopped = false
  #running: Promise<void> = Promise.resolve()

  constructor(parts: MembershipParts) {
    this.#parts = parts
    this.selfName = parts.name
  }

  nodes(): readonly NodeRecord[] {
    return this.#nodes
  }

  get isHeld(): boolean {
    return this.#isHeld && performance.now() < this.#heldUntilMs
  }

  /**
   * For so long nodes fill a Redis that lost its data: each of them knows the numbers of its own
   * devices only, and renews its lease several times until then.
   */
  get fillingMs(): number {
    return Math.max(0, this.#filledAtMs - performance.now())
  }

  /** Name of the live node of this number; undefined where it is gone. */
  nameOf(number: number): string | undefined {
    return this.#names.get(number)
  }

  /**
   * Reads the list again where one of the nodes is not in it: it may have come since. Who is not in
   * it then is dead for a lease.
   */
  async learn(numbers: Iterable<number>): Promise<void> {
    const nowMs = performance.now()
    const unknown = [...numbers].filter(
      (number) => !this.#names.has(number) && !((this.#deadUntilMs.get(number) ?? 0) > nowMs),
    )
    if (unknown.length === 0) return
    await this.readAgain()
    if (this.#deadUntilMs.size > DEAD_MAX) this.#deadUntilMs.clear()
    for (const number of unknown) {
      if (!this.#names.has(number)) this.#deadUntilMs.set(number, nowMs + this.#parts.leaseMs)
    }
  }

  /** Whoever asks within LEARN_MS waits for the same reading, which begins after they asked. */
  readAgain(): Promise<void> {
    this.#learning ??= new Promise((resolve) => setTimeout(resolve, LEARN_MS)).then(() => {
      this.#learning = null
      return this.renew()
    })
    return this.#learning
  }

  /**
   * Who answers now may know less than who answered before: says so to all nodes. Resolves when
   * this one has read it. Throws PUSHCTL_CLUSTER_….
   */
  async fill(): Promise<void> {
    const { link, keys } = this.#parts
    await link.run(FILL, [keys.meta], [])
    await this.renew()
  }

  /** No other node has had devices for a whole lease, as far as this one has seen. */
  get isAlone(): boolean {
    return performance.now() - this.#companyAtMs > this.#parts.leaseMs
  }

  /** Takes number and hash key. Throws PUSHCTL_CLUSTER_REFUSED. */
  async join(hashKey: Uint32Array): Promise<void> {
    const { link, keys } = this.#parts
    const smallest = Math.floor(Date.now() / 1_000) - EPOCH_S
    const values = [KEY_FORMAT, hexOf(hashKey), smallest]
    const [format, shared, number] = (await link.run(JOIN, [keys.meta], values)) as [
      Buffer,
      Buffer,
      number,
    ]
    if (format.toString() !== String(KEY_FORMAT)) throw wrongFormat(format.toString())
    this.number = number
    this.hashKey = keyOf(shared.toString())
  }

  /**
   * Takes the name, and keeps it. Where an earlier run of this node may still hold it, waits until
   * that lease is over. Throws PUSHCTL_CLUSTER_NAME where it is renewed by somebody.
   */
  async start(): Promise<void> {
    let expiresBefore = 0
    for (;;) {
      const askedMs = performance.now()
      const { isHeld, nowMs, ownExpiresMs } = await this.#ask()
      if (isHeld) {
        this.#hold(askedMs)
        break
      }
      if (expiresBefore !== 0 && ownExpiresMs !== expiresBefore) throw nameTaken(this.selfName)
      expiresBefore = ownExpiresMs
      const waitMs = Math.min(ownExpiresMs - nowMs + 1, 1_000)
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, waitMs)))
    }
    const everyMs = Math.max(50, Math.floor(this.#parts.leaseMs / RENEWALS_PER_LEASE))
    this.#timer = setInterval(() => (this.#running = this.#renew()), everyMs)
  }

  /** At once, for what must be known soon: a new state. */
  renew(): Promise<void> {
    return (this.#running = this.#renew())
  }

  /** Gives the name back. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#timer)
    await this.#running
    const { link, keys, name } = this.#parts
    if (this.number === 0) return
    await link.run(LEAVE, [keys.nodes], [name, this.number]).catch(() => {})
  }

  async #renew(): Promise<void> {
    if (this.#isStopped) return
    const askedMs = performance.now()
    const answer = await this.#ask().catch(() => null)
    if (this.#isStopped) return
    const { events } = this.#parts
    if (answer?.isHeld) {
      // Between two renewals it may be over unnoticed, as where the process stood still.
      const wasHeld = this.isHeld
      this.#hold(askedMs)
      if (!wasHeld) events.onHeld()
    } else if (this.#isHeld && performance.now() >= this.#heldUntilMs) {
      this.#isHeld = false
      events.onLost('Redis of the cluster does not answer')
    } else if (answer !== null && this.#isHeld) {
      // Somebody took the name while nobody renewed it.
      this.#isHeld = false
      events.onLost('another node has taken this name')
    }
  }

  #hold(askedMs: number): void {
    this.#isHeld = true
    this.#heldUntilMs = askedMs + this.#parts.leaseMs
  }

  async #ask(): Promise<{ isHeld: boolean; nowMs: number; ownExpiresMs: number }> {
    const { link, keys, name, leaseMs } = this.#parts
    const record = JSON.stringify(this.#parts.describe())
    const values = [name, this.number, leaseMs, record, KEY_FORMAT, hexOf(this.hashKey)]
    const askedMs = Date.now()
    const reply = (await link.run(LEASE, [keys.nodes, keys.meta], values)) as [
      number,
      Buffer,
      Buffer,
      Buffer,
      ...Buffer[],
    ]
    const [held, nowText, hashKey, emptiedText, ...pairs] = reply
    const nowMs = Number(nowText)
    const emptiedMs = Number(emptiedText)
    if (emptiedMs > 0) this.#filledAtMs = performance.now() + emptiedMs + leaseMs - nowMs
    const isNews = emptiedMs > this.#emptiedMs
    this.#emptiedMs = emptiedMs
    if (hashKey.toString() !== hexOf(this.hashKey)) throw this.#otherCluster()
    this.#checkClock(nowMs, askedMs, Date.now())
    const all = recordsOf(pairs)
    const own = all.find((node) => node.record.name === name)
    this.#take(all, nowMs)
    if (isNews && this.fillingMs > 0) this.#parts.events.onFilling()
    return { isHeld: held === 1, nowMs, ownExpiresMs: own?.expiresMs ?? 0 }
  }

  #take(all: readonly Leased[], nowMs: number): void {
    const live = all.filter(({ expiresMs }) => expiresMs > nowMs)
    const names = new Map(live.map(({ number, record }) => [number, record.name]))
    const listed = new Set(all.map(({ record }) => record.bootId))
    // Who said goodbye is not listed any more; who is listed with a lease that is over has died.
    const gone = this.#nodes.filter(
      ({ bootId }) => !names.has(Number(bootId)) && listed.has(bootId),
    )
    this.#names = names
    // Who says where it is reached may have devices.
    const isOther = ({ record }: Leased) => record.name !== this.selfName && record.http !== ''
    if (live.some(isOther)) this.#companyAtMs = performance.now()
    this.#nodes = live
      .map(({ record }) => record)
      .sort((one, other) => (one.name < other.name ? -1 : 1))
    this.#parts.events.onNodes(gone)
  }

  /** Redis answered at some time between the two: what a slow answer leaves open is no skew. */
  #checkClock(redisMs: number, askedMs: number, answeredMs: number): void {
    const skewMs = Math.round((askedMs + answeredMs) / 2 - redisMs)
    const isOff = Math.abs(skewMs) - (answeredMs - askedMs) / 2 > SKEW_MS_MAX
    if (isOff && !this.#hasToldSkew) {
      const side = skewMs > 0 ? 'ahead of' : 'behind'
      this.#parts.events.tell(
        `the clock of this host is ${Math.abs(skewMs)} ms ${side} that of Redis: ` +
          'pushes expire at the wrong time; keep clocks with NTP',
      )
    }
    this.#hasToldSkew = isOff
  }

  #otherCluster(): PushctlError {
    const message = 'expected the cluster that this node joined, got one that was made anew'
    return refused(message, ['restart this node'], 'Redis lost its data, and another node joined')
  }
}

interface Leased {
  readonly number: number
  readonly expiresMs: number
  readonly record: NodeRecord
}

/** Records that cannot be read are left out: they are of another version. */
export function recordsOf(pairs: readonly Buffer[]): Leased[] {
  const leased: Leased[] = []
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const value = pairs[at + 1].toString()
    const match = /^(\d+) (\d+) (\d+) /.exec(value)
    if (match === null) continue
    const expiresMs = Number(match[2])
    try {
      const record = JSON.parse(value.slice(match[0].length)) as OwnRecord
      const identity = { name: pairs[at].toString(), bootId: match[1], seenAtMs: Number(match[3]) }
      leased.push({ number: Number(match[1]), expiresMs, record: { ...record, ...identity } })
    } catch {
      continue
    }
  }
  return leased
}

function hexOf(key: Uint32Array): string {
  return [...key].map((word) => word.toString(16).padStart(8, '0')).join('')
}

function keyOf(hex: string): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: 4 }, (_, i) => Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16))
}

function wrongFormat(got: string): PushctlError {
  return refused(`expected keys of form ${KEY_FORMAT} in Redis, got form ${got}`, [
    'the same version of pushctl on all nodes',
    '--cluster-prefix NAME for a cluster of its own',
  ])
}

function nameTaken(name: string): PushctlError {
  return new PushctlError(
    'PUSHCTL_CLUSTER_NAME',
    `expected a --node-name that no live node has, got "${name}", which is in use`,
    { tries: [`--node-name ${name}-2`, 'pushctl cluster status shows who has it'] },
  )
}
