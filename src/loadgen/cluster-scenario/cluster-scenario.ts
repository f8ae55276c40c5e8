/**
 * Does to a cluster under load what operations and accidents do: a node is killed or drained, all
 * are restarted one after the other, a site is lost. It only gives the orders; what devices and
 * messages make of it is counted by the run.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import type { ClusterEventReport } from '../../stats/cluster-report.ts'
import type { RunReport } from '../../stats/run-report.ts'
import type { ClusterNode } from '../dispatch/discover-nodes.ts'
import type { TargetWatch, WatchedRun } from '../run-hooks.ts'
import { runNodeCommand } from './node-command.ts'
import { type ScenarioSettings, victimsOf } from './scenario-settings.ts'

const LOOK_MS = 50
const ANSWER_LIMIT_MS = 5_000
/** For a node to be empty, or ready again. */
const NODE_LIMIT_MS = 300_000

export class ClusterScenario implements TargetWatch {
  readonly events: ClusterEventReport[] = []
  readonly #settings: ScenarioSettings
  readonly #onEvent: (event: ClusterEventReport) => void
  readonly #over = new AbortController()
  #run: WatchedRun | null = null
  #played: Promise<void> = Promise.resolve()

  constructor(settings: ScenarioSettings, onEvent: (event: ClusterEventReport) => void) {
    this.#settings = settings
    this.#onEvent = onEvent
  }

  async start(run: WatchedRun): Promise<void> {
    this.#run = run
    this.#played = this.#play(run).catch((error: Error) => {
      if (!this.#over.signal.aborted) this.#tell('the scenario broke off', '', error.message)
    })
  }

  /** What is under way is given up; a node that is down is started first. */
  async stop(): Promise<void> {
    this.#over.abort()
    await this.#played
  }

  /** Both watch the run. */
  watchedWith(other: TargetWatch): TargetWatch {
    return {
      start: async (run) => {
        await Promise.all([this.start(run), other.start(run)])
      },
      stop: async () => {
        await Promise.all([this.stop(), other.stop()])
      },
    }
  }

  joined(report: RunReport): RunReport {
    if (report.cluster === undefined) return report
    const { kind: scenario } = this.#settings
    return { ...report, cluster: { ...report.cluster, scenario, events: this.events } }
  }

  async #play(run: WatchedRun): Promise<void> {
    while (run.moment().phase !== 'steady') await this.#wait(LOOK_MS)
    const { kind, afterMs } = this.#settings
    await this.#wait(afterMs)
    const victims = victimsOf(this.#settings)
    if (victims.length === 0) return this.#tell('found no node for the scenario', kind, 'none fits')
    if (kind === 'drain') return this.#drain(victims[0])
    if (kind === 'rolling-restart') {
      for (const node of victims) await this.#restart(node)
      return
    }
    await this.#takeDown(victims)
  }

  async #takeDown(nodes: readonly ClusterNode[]): Promise<void> {
    const { stopCommand, startCommand, downMs } = this.#settings
    await Promise.all(nodes.map((node) => this.#command('stopped', stopCommand, node)))
    // What was taken down is brought up again, also where the run ends before its time.
    await this.#wait(downMs).catch(() => {})
    if (startCommand === null) return
    await Promise.all(nodes.map((node) => this.#command('started', startCommand, node)))
  }

  async #restart(node: ClusterNode): Promise<void> {
    const { stopCommand, startCommand } = this.#settings
    await this.#drain(node)
    await this.#until(async () => (await this.#devicesOf(node)) === 0)
    await this.#command('stopped', stopCommand, node)
    await this.#command('started', startCommand, node)
    await this.#until(() => this.#isReady(node))
    this.#tell('ready again', node.name)
  }

  async #drain(node: ClusterNode): Promise<void> {
    const { nodes, drainPerSecond } = this.#settings
    const others = nodes.filter(({ name }) => name !== node.name)
    const addresses = others.flatMap(({ addresses: { tcp, ws } }) => [...tcp, ...ws])
    const answer = await this.#ask(node, '/v1/drain', { rate: drainPerSecond, addresses })
    const isBegun = answer?.status === 202
    this.#tell('draining', node.name, isBegun ? '' : `status ${answer?.status ?? 'none'}`)
  }

  async #devicesOf(node: ClusterNode): Promise<number> {
    const answer = await this.#ask(node, '/v1/node')
    const { counters } = (answer?.json ?? {}) as { counters?: { devicesOnline: number } }
    return counters?.devicesOnline ?? Number.NaN
  }

  async #isReady(node: ClusterNode): Promise<boolean> {
    return (await this.#ask(node, '/readyz'))?.status === 200
  }

  /** null where nobody answers. */
  async #ask(node: ClusterNode, path: string, body?: object) {
    const { adminToken } = this.#settings
    try {
      const { statusCode, body: answer } = await request(node.http + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(adminToken === null ? {} : { authorization: `Bearer ${adminToken}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      })
      const text = await answer.text()
      return { status: statusCode, json: text === '' ? null : (JSON.parse(text) as unknown) }
    } catch {
      return null
    }
  }

  async #command(what: string, command: string | null, node: ClusterNode): Promise<void> {
    if (command === null) return
    this.#tell(what, node.name, await runNodeCommand(command, node))
  }

  async #until(isDone: () => Promise<boolean>): Promise<void> {
    const endMs = performance.now() + NODE_LIMIT_MS
    while (!(await isDone())) {
      if (performance.now() > endMs) throw new Error(`nothing came of it in ${NODE_LIMIT_MS} ms`)
      await this.#wait(LOOK_MS)
    }
  }

  #wait(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#over.signal })
  }

  #tell(what: string, node: string, failure = ''): void {
    const at = Math.round(this.#run?.moment().atMs ?? 0)
    const event = { at_ms: at, what, node, failure }
    this.events.push(event)
    this.#onEvent(event)
  }
}
