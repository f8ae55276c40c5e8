/**
 * How two runs differ before anything was measured: what was asked for, and where it ran. What
 * `matters` changes what the numbers mean, so that comparing them says nothing about the target;
 * the rest is worth knowing and may be the very thing that is compared.
 */
import type { RunReport } from '../stats/run-report.ts'

export interface RunDifference {
  readonly name: string
  readonly a: string
  readonly b: string
  readonly matters: boolean
}

/** Where it ran: another one is another experiment. */
const HOST_NAMES: ReadonlySet<string> = new Set(['platform', 'arch', 'cpu', 'cores', 'own_node'])
/** Two readings of one host differ by what the kernel keeps. */
const MEMORY_SHARE_MAX = 0.02

const UNKNOWN = 'unknown'

export function runDifferences(a: RunReport, b: RunReport): RunDifference[] {
  const [factsA, factsB] = [factsOf(a), factsOf(b)]
  const names = new Set([...factsA.keys(), ...factsB.keys()])
  return [...names].flatMap((name): RunDifference[] => {
    const left = factsA.get(name)
    const right = factsB.get(name)
    if (left?.text === right?.text) return []
    if (name === 'environment.memory_bytes' && isAboutTheSame(left?.text, right?.text)) return []
    const matters = left?.matters === true || right?.matters === true
    return [{ name, a: left?.text ?? UNKNOWN, b: right?.text ?? UNKNOWN, matters }]
  })
}

interface Fact {
  readonly text: string
  readonly matters: boolean
}

/** Ports and addresses are left out: a node of its own has others in every run. */
function factsOf(report: RunReport): Map<string, Fact> {
  const { plan, environment } = report
  const facts = new Map<string, Fact>()
  const put = (name: string, value: unknown, matters: boolean): void => {
    if (value !== undefined && (value === null || typeof value !== 'object')) {
      facts.set(name, { text: String(value ?? UNKNOWN), matters })
    }
  }
  put('mode', report.mode, true)
  put('connections', report.connections.requested, true)
  put('engine', report.engine, false)
  put('target.kinds', kindsOf(report.targets), true)
  put('seed', plan['seed'], false)
  for (const part of ['schedule', 'population', 'badClients']) {
    for (const [name, value] of leavesOf(part, plan[part])) put(name, value, true)
  }
  const { shards } = plan as { shards?: object }
  for (const [name, value] of Object.entries(shards ?? {})) {
    if (name === 'kind' || name === 'count') put(`shards.${name}`, value, false)
  }
  for (const [name, value] of Object.entries(environment)) {
    put(`environment.${name}`, value, HOST_NAMES.has(name))
  }
  put('interrupted', report.interrupted, true)
  put('verdict', report.verdict.value, false)
  return facts
}

/** What lies under a part of the plan, by its path; lists in one. */
function leavesOf(name: string, value: unknown): [name: string, value: unknown][] {
  if (Array.isArray(value)) return [[name, JSON.stringify(value)]]
  if (typeof value !== 'object' || value === null) return [[name, value]]
  return Object.entries(value).flatMap(([key, child]) => leavesOf(`${name}.${key}`, child))
}

function kindsOf(targets: readonly string[]): string {
  const kinds = targets.map((url) => /^[a-z0-9+.-]+(?=:)/i.exec(url)?.[0] ?? url)
  return [...new Set(kinds)].join(', ')
}

function isAboutTheSame(a: string | undefined, b: string | undefined): boolean {
  return Math.abs(Number(a) / Number(b) - 1) <= MEMORY_SHARE_MAX
}
