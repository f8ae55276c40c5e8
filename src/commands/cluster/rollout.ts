/**
 * A rollout: stage after stage each node is emptied, restarted by the user's command and waited
 * for; then the restarted ones are watched. What does not hold stops it, and what was restarted is
 * put back by the user's other command, last first. It keeps no state of its own: interrupted, it
 * is begun again with the nodes that are left.
 */
import type { NodeRecord } from '../../cluster/node-record.ts'
import { formatDurationMs } from '../../config/quantities.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { NodePoll } from '../top/node-poll.ts'
import { type NodeLook, rowOf } from '../top/node-row.ts'
import { type ClusterWork, paced, pause } from './cluster-work.ts'
import { drainNode, drainTargets } from './drain-node.ts'
import { type RestartCommand, runForNode, runHere } from './restart-command.ts'
import { crossedBy, type Threshold } from './rollout-thresholds.ts'

const LOOK_MS_MAX = 5_000

export interface RolloutSettings {
  readonly stages: readonly (readonly NodeRecord[])[]
  readonly restart: RestartCommand
  /** null: it stops, and leaves the restarted nodes as they are. */
  readonly revert: RestartCommand | null
  /** null: nodes are restarted with their devices. */
  readonly drainPerSecond: number | null
  /** How long a node may take from the end of the command until it is ready. */
  readonly readyMs: number
  /** How long the nodes of a stage are watched. */
  readonly soakMs: number
  readonly thresholds: readonly Threshold[]
  /** Must end with 0 after each stage; null: none. */
  readonly check: string | null
  readonly checkMs: number
}

export interface RolledNode {
  readonly node: string
  /** From 1. */
  readonly stage: number
  readonly versionBefore: string
  versionAfter: string
  state: 'waiting' | 'restarted' | 'failed' | 'reverted' | 'revert-failed'
  drainSeconds: number
  /** From the start of the command until the node was ready. */
  downSeconds: number
}

export interface RolloutOutcome {
  readonly outcome: 'done' | 'stopped' | 'reverted' | 'revert-failed' | 'interrupted'
  /** Why it did not get to its end; '' where it did. */
  readonly reason: string
  readonly nodes: readonly RolledNode[]
}

export class Rollout {
  readonly #work: ClusterWork
  readonly #settings: RolloutSettings
  readonly #nodes: readonly RolledNode[]
  readonly #records: ReadonlyMap<string, NodeRecord>
  #devicesBefore = 0

  constructor(work: ClusterWork, settings: RolloutSettings) {
    this.#work = work
    this.#settings = settings
    this.#records = new Map(settings.stages.flat().map((record) => [record.name, record]))
    this.#nodes = settings.stages.flatMap((stage, i) =>
      stage.map(({ name, version }) => ({
        ...{ node: name, stage: i + 1, versionBefore: version, versionAfter: '' },
        ...{ state: 'waiting' as const, drainSeconds: 0, downSeconds: 0 },
      })),
    )
  }

  async run(): Promise<RolloutOutcome> {
    const { access } = this.#work
    try {
      const reason = await this.#goOn()
      if (reason === '') return { outcome: 'done', reason, nodes: this.#nodes }
      this.#work.note(`stopping: ${reason}`)
      return { outcome: await this.#goBack(), reason, nodes: this.#nodes }
    } catch (error) {
      if (!access.signal.aborted) throw error
      return { outcome: 'interrupted', reason: String(access.signal.reason), nodes: this.#nodes }
    }
  }

  /** Resolves to '' when all is done, else to what stopped it. */
  async #goOn(): Promise<string> {
    const { stages } = this.#settings
    this.#devicesBefore = devicesOf(await this.#work.source.read())
    for (let stage = 1; stage <= stages.length; stage++) {
      const nodes = this.#nodes.filter((each) => each.stage === stage)
      const names = nodes.map(({ node }) => node).join(', ')
      this.#work.note(`stage ${stage} of ${stages.length}: ${names}`)
      for (const node of nodes) {
        const failure = await this.#restart(node)
        if (failure === '') continue
        node.state = 'failed'
        return `${node.node}: ${failure}`
      }
      const reason = (await this.#watch()) || (await this.#check(stage))
      if (reason !== '') return reason
    }
    return ''
  }

  async #restart(node: RolledNode): Promise<string> {
    const record = this.#records.get(node.node) as NodeRecord
    const drained = await this.#empty(node, record)
    return drained || (await this.#replace(node, record, this.#settings.restart))
  }

  async #empty(node: RolledNode, record: NodeRecord): Promise<string> {
    const { drainPerSecond, readyMs } = this.#settings
    if (drainPerSecond === null) return ''
    const targets = drainTargets(await this.#work.source.read(), [record], [])
    const neededMs = drainPerSecond === 0 ? 0 : (1_000 * record.devicesOnline) / drainPerSecond
    const limitMs = 2 * neededMs + readyMs
    const outcome = await drainNode(this.#work, record, targets, drainPerSecond, limitMs)
    node.drainSeconds = outcome.seconds
    return outcome.devicesLeft === 0 ? '' : `${outcome.devicesLeft} devices would not leave`
  }

  /** Runs the command and waits until another process of that name is ready. */
  async #replace(node: RolledNode, record: NodeRecord, command: RestartCommand): Promise<string> {
    const { source, access, note } = this.#work
    const before = (await source.read()).find(({ name }) => name === record.name)
    const startedMs = performance.now()
    note(`${record.name}: ${command.text}`)
    const { failure } = await runForNode(command, record, access.signal)
    if (failure !== '') return `the command failed: ${failure}`
    const after = await this.#untilReady(record.name, before?.bootId ?? null)
    node.downSeconds = (performance.now() - startedMs) / 1_000
    if (after === null) {
      return `not ready within ${formatDurationMs(this.#settings.readyMs)} of the command`
    }
    node.versionAfter = after.version
    node.state = 'restarted'
    note(`${record.name}: ready, ${node.versionBefore} → ${after.version}`)
    return ''
  }

  async #untilReady(name: string, bootIdBefore: string | null): Promise<NodeRecord | null> {
    const untilMs = performance.now() + this.#settings.readyMs
    while (performance.now() < untilMs) {
      const nodes = await this.#work.source.read().catch(passOverUnreachable)
      const node = nodes.find((each) => each.name === name)
      if (node?.state === 'ready' && node.bootId !== bootIdBefore) return node
      await pause(this.#work)
    }
    return null
  }

  /** Of all that were restarted so far: a fault of the first may take a while to show. */
  async #watch(): Promise<string> {
    const { soakMs } = this.#settings
    const rolled = this.#nodes.filter(({ state }) => state === 'restarted').map(({ node }) => node)
    const boots = new Map((await this.#work.source.read()).map((each) => [each.name, each]))
    const watched = rolled.map((name) => boots.get(name) ?? this.#records.get(name)) as NodeRecord[]
    const poll = new NodePoll(
      watched.map(({ http }) => http),
      this.#work.access.adminToken,
      LOOK_MS_MAX,
    )
    const untilMs = performance.now() + soakMs
    const tell = paced(this.#work.note)
    let before = await poll.look(this.#work.access.signal)
    for (;;) {
      const isLast = performance.now() >= untilMs
      await pause(this.#work)
      const looks = await poll.look(this.#work.access.signal)
      const reason = await this.#judge(watched, looks, before, isLast)
      if (reason !== '' || isLast) return reason
      const left = formatDurationMs(Math.round((untilMs - performance.now()) / 1_000) * 1_000)
      tell(() => `watching ${rolled.length} restarted nodes, ${left} left`)
      before = looks
    }
  }

  async #judge(
    watched: readonly NodeRecord[],
    looks: readonly NodeLook[],
    before: readonly NodeLook[],
    isLast: boolean,
  ): Promise<string> {
    const nodes = await this.#work.source.read()
    const devicesShare = this.#devicesBefore === 0 ? 1 : devicesOf(nodes) / this.#devicesBefore
    // Devices that were moved are back within their back-off: the end of the watch tells.
    const rules = this.#settings.thresholds.filter(({ name }) => isLast || name !== 'devices')
    for (const [i, { name, bootId }] of watched.entries()) {
      const now = nodes.find((each) => each.name === name)
      if (looks[i].failure !== '') return `${name}: ${looks[i].failure}`
      if (now === undefined) return `${name}: its lease has ended`
      if (now.bootId !== bootId) return `${name}: it was started again by somebody else`
      if (now.state !== 'ready') return `${name}: it is ${now.state}`
      const crossed = crossedBy({ row: rowOf(looks[i], before[i]), devicesShare }, rules)
      if (crossed !== null) return `${name}: ${crossed}`
    }
    return ''
  }

  async #check(stage: number): Promise<string> {
    const { check, checkMs } = this.#settings
    if (check === null) return ''
    this.#work.note(`stage ${stage}: ${check}`)
    const env = { PUSHCTL_ROLLOUT_STAGE: String(stage) }
    const { failure } = await runHere(check, env, checkMs, this.#work.access.signal)
    return failure === '' ? '' : `the check after stage ${stage} failed: ${failure}`
  }

  async #goBack(): Promise<'stopped' | 'reverted' | 'revert-failed'> {
    const { revert } = this.#settings
    if (revert === null) return 'stopped'
    let isBack = true
    for (const node of this.#nodes.toReversed()) {
      if (node.state !== 'restarted' && node.state !== 'failed') continue
      const record = this.#records.get(node.node) as NodeRecord
      // A node that fails may not even answer; then it goes back with its devices.
      if (node.state === 'restarted') await this.#empty(node, record).catch(passOverUnreachable)
      const failure = await this.#replace(node, record, revert)
      node.state = failure === '' ? 'reverted' : 'revert-failed'
      if (failure === '') continue
      isBack = false
      this.#work.note(`${node.node}: could not be put back: ${failure}`)
    }
    return isBack ? 'reverted' : 'revert-failed'
  }
}

function devicesOf(nodes: readonly NodeRecord[]): number {
  return nodes.reduce((sum, { devicesOnline }) => sum + devicesOnline, 0)
}

/** The node that was asked may be the one that is restarted; what is wrong otherwise is not. */
function passOverUnreachable(error: unknown): readonly NodeRecord[] {
  const code = error instanceof PushctlError ? error.code : ''
  if (code === 'PUSHCTL_TARGET_UNREACHABLE' || code.startsWith('PUSHCTL_CLUSTER')) return []
  throw error
}
