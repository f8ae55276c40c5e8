/**
 * From findings to changes: each setting once, computed against what the host has now. Three things
 * are kept out: what this kernel lacks, what is as good or better already, and, inside a container,
 * what belongs to the host.
 */
import type { Fact } from '../fact.ts'
import type { Facts } from '../facts.ts'
import type { Finding } from '../finding.ts'
import { parseDecimals } from '../parsers/numbers.ts'
import type { CommandSetting, LimitSetting, SysctlSetting, SysfsSetting } from '../setting.ts'
import { isHostOnlySysctl, sysctlText } from '../sysctl-facts.ts'

export interface PlannedSysctl {
  readonly key: string
  /** What it is now, as read. */
  readonly present: string
  readonly wanted: string
  readonly mode: SysctlSetting['mode']
  readonly reasons: readonly string[]
  /** Ids of the checks that asked for it. */
  readonly checks: readonly string[]
}

export interface AdvicePlan {
  readonly sysctls: readonly PlannedSysctl[]
  readonly limits: readonly LimitSetting[]
  readonly sysfs: readonly SysfsSetting[]
  readonly commands: readonly CommandSetting[]
  /** Seen from a container: to be done by whoever runs the host. */
  readonly forHost: readonly SysctlSetting[]
  readonly leftOut: readonly LeftOut[]
}

export interface LeftOut {
  readonly what: string
  readonly reason: string
}

export function planAdvice(
  facts: Facts,
  findings: readonly Finding[],
  also: readonly SysctlSetting[] = [],
): AdvicePlan {
  const sysctls: PlannedSysctl[] = []
  const forHost: SysctlSetting[] = []
  const leftOut: LeftOut[] = []
  for (const request of mergedRequests(findings, also)) {
    const { key, mode } = request.setting
    if (!isSafeKey(key) || !isSafeValue(request.setting.value)) {
      leftOut.push({ what: key, reason: 'is not written: its name or value is odd' })
      continue
    }
    if (isHiddenHere(facts, key)) {
      forHost.push(request.setting)
      continue
    }
    const present = sysctlText(facts, key)
    const wanted = wantedValue(present, request.setting)
    if ('reason' in wanted) leftOut.push({ what: key, reason: wanted.reason })
    else if (present.known) {
      sysctls.push({ ...request, key, mode, present: present.value, wanted: wanted.value })
    }
  }
  const others = findings.flatMap(({ settings }) => settings)
  return {
    sysctls: sysctls.sort((a, b) => orderOf(a.key) - orderOf(b.key)),
    limits: largestLimits(others.filter((setting) => setting.kind === 'limit')),
    sysfs: uniqueBy(
      others.filter((setting) => setting.kind === 'sysfs'),
      ({ path }) => path,
    ),
    commands: uniqueBy(
      others.filter((setting) => setting.kind === 'command'),
      ({ command }) => command,
    ),
    forHost,
    leftOut,
  }
}

export function isEmptyPlan(plan: AdvicePlan): boolean {
  const { sysctls, limits, sysfs, commands } = plan
  return sysctls.length + limits.length + sysfs.length + commands.length === 0
}

/** "4096 131072 33554432" and "4096\t131072\t33554432\n" are the same value. */
export function sameValue(a: string, b: string): boolean {
  return normalised(a) === normalised(b)
}

/** Each column is at least what was wanted: kernels round up to powers of two. */
export function isAtLeast(value: string, wanted: string): boolean {
  const has = parseDecimals(value)
  const wants = parseDecimals(wanted)
  if (has === null || wants === null || has.length !== wants.length) return false
  return has.every((number, index) => number >= (wants[index] ?? 0))
}

interface Request {
  readonly setting: SysctlSetting
  readonly reasons: readonly string[]
  readonly checks: readonly string[]
}

/**
 * One request a key. Raises combine to the larger; a `set` wins over raises, because it is exact.
 */
function mergedRequests(findings: readonly Finding[], also: readonly SysctlSetting[]): Request[] {
  const byKey = new Map<string, Request>()
  const asked = findings.flatMap(({ id, settings }) =>
    settings.flatMap((setting) => (setting.kind === 'sysctl' ? [{ id, setting }] : [])),
  )
  for (const { id, setting } of [...asked, ...also.map((extra) => ({ id: '', setting: extra }))]) {
    const earlier = byKey.get(setting.key)
    byKey.set(setting.key, {
      setting: earlier === undefined ? setting : combined(earlier.setting, setting),
      reasons: [...new Set([...(earlier?.reasons ?? []), setting.reason])],
      checks: [...new Set([...(earlier?.checks ?? []), ...(id === '' ? [] : [id])])],
    })
  }
  return [...byKey.values()]
}

function combined(earlier: SysctlSetting, later: SysctlSetting): SysctlSetting {
  if (earlier.mode === 'set') return later.mode === 'set' ? later : earlier
  if (later.mode === 'set') return later
  return { ...later, value: largerColumns(earlier.value, later.value) ?? later.value }
}

function wantedValue(
  present: Fact<string>,
  { value, mode }: SysctlSetting,
): { readonly value: string } | { readonly reason: string } {
  if (!present.known) return { reason: `left alone: ${present.reason}` }
  if (sameValue(present.value, value)) return { reason: 'is so already' }
  if (mode === 'set') return { value: normalised(value) }
  const larger = largerColumns(present.value, value)
  if (larger === null) return { reason: `left alone: its present value "${present.value}" is odd` }
  return sameValue(larger, present.value)
    ? { reason: `is ${normalised(present.value)} already, which is better` }
    : { value: larger }
}

/** Column by column the larger; null when the two do not have the same shape. */
function largerColumns(a: string, b: string): string | null {
  const left = parseDecimals(a)
  const right = parseDecimals(b)
  if (left === null || right === null || left.length !== right.length) return null
  return left.map((number, index) => Math.max(number, right[index] ?? 0)).join(' ')
}

function isHiddenHere(facts: Facts, key: string): boolean {
  const { network } = facts.host.namespaces
  return network.known && network.value === 'child' && isHostOnlySysctl(key)
}

function largestLimits(limits: readonly LimitSetting[]): LimitSetting[] {
  const byUnit = new Map<string, LimitSetting>()
  for (const limit of limits) {
    const key = `${limit.name} ${limit.unit ?? ''}`
    const earlier = byUnit.get(key)
    if (earlier === undefined || limit.value > earlier.value) byUnit.set(key, limit)
  }
  return [...byUnit.values()]
}

function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()]
}

/** Ceilings before what they limit: nr_open before services, buckets before the table they hold. */
const ORDER = ['fs.nr_open', 'fs.', 'net.netfilter.nf_conntrack_buckets', 'net.']

function orderOf(key: string): number {
  const order = ORDER.findIndex((prefix) => key.startsWith(prefix))
  return order < 0 ? ORDER.length : order
}

function isSafeKey(key: string): boolean {
  return /^[a-z][\w-]*(\.[\w*:/@-]+)+$/.test(key) && !key.includes('..')
}

function isSafeValue(value: string): boolean {
  return /^[\w ,.:+-]*$/.test(value)
}

function normalised(value: string): string {
  return value.trim().replace(/\s+/g, ' ')
}
