/**
 * The processes asked for, once: limits, status, control group and what systemd was told about
 * them.
 */
import { type Fact, known, mapFact, pickFact, unknown } from '../fact.ts'
import type { CgroupFacts, ProcessFacts, UnitFacts } from '../facts-process.ts'
import { parseCgroupPaths } from '../parsers/cgroup-paths.ts'
import { parseDecimal, words } from '../parsers/numbers.ts'
import { parseProcessLimits } from '../parsers/process-limits.ts'
import { parseProcessStatus } from '../parsers/process-status.ts'
import { type CgroupFolders, cgroupFolders } from './cgroup-folders.ts'
import { type FactSource, readParsed, trimmed } from './fact-source.ts'

export interface ChosenProcess {
  readonly pid: number
  /** "--pid" or "--port 8080". */
  readonly chosenBy: string
}

/** Version 1 says "no limit" with a number near 2^63. */
const UNLIMITED_BYTES = 2 ** 60

export async function readProcess(
  source: FactSource,
  { pid, chosenBy }: ChosenProcess,
): Promise<ProcessFacts> {
  const folder = `/proc/${pid}`
  const [limits, status, oomScoreAdj, commandLine, cgroupPaths] = await Promise.all([
    readParsed(source, `${folder}/limits`, parseProcessLimits),
    readParsed(source, `${folder}/status`, parseProcessStatus),
    readParsed(source, `${folder}/oom_score_adj`, (text) => parseDecimal(text.trim())),
    readParsed(source, `${folder}/comm`, trimmed),
    readParsed(source, `${folder}/cgroup`, parseCgroupPaths),
  ])
  const folders = cgroupFolders(cgroupPaths)
  return {
    pid,
    name: status.known ? status.value.name : String(pid),
    chosenBy,
    limits,
    status,
    oomScoreAdj,
    commandLine,
    cgroupPaths,
    cgroup: await readCgroup(source, folders),
    unit: await readUnit(source, cgroupPaths),
  }
}

async function readCgroup(source: FactSource, folders: CgroupFolders): Promise<CgroupFacts> {
  const { memory, cpu, pids, memoryVersion } = folders
  const [memoryMax, memoryHigh, quota, pidsMax, pidsCurrent] = await Promise.all([
    readLimit(source, memory, memoryVersion === 2 ? 'memory.max' : 'memory.limit_in_bytes'),
    readLimit(source, memory, memoryVersion === 2 ? 'memory.high' : 'memory.soft_limit_in_bytes'),
    readQuota(source, cpu, folders.cpuVersion),
    readLimit(source, pids, 'pids.max'),
    readLimit(source, pids, 'pids.current'),
  ])
  return {
    version: mapFact(memory, () => memoryVersion),
    memoryMaxBytes: memoryMax,
    memoryHighBytes: memoryHigh,
    cpuQuota: mapFact(quota, ({ cpus }) => cpus),
    cpuPeriodUs: mapFact(quota, ({ periodUs }) => periodUs),
    pidsMax,
    pidsCurrent,
  }
}

/** The root group has no limit files: a missing file there means no limit. */
async function readLimit(
  source: FactSource,
  folder: Fact<string>,
  name: string,
): Promise<Fact<number>> {
  if (!folder.known) return folder
  return readParsed(source, `${folder.value}/${name}`, (text) => {
    if (text.trim() === 'max') return Number.POSITIVE_INFINITY
    if (!/^\d{1,20}$/.test(text.trim())) return null
    const value = Number(text.trim())
    return value >= UNLIMITED_BYTES ? Number.POSITIVE_INFINITY : value
  })
}

interface CpuQuota {
  readonly cpus: number
  readonly periodUs: number
}

async function readQuota(
  source: FactSource,
  folder: Fact<string>,
  version: 1 | 2,
): Promise<Fact<CpuQuota>> {
  if (!folder.known) return folder
  if (version === 2) return readParsed(source, `${folder.value}/cpu.max`, parseCpuMax)
  const [quota, period] = await Promise.all([
    readParsed(source, `${folder.value}/cpu.cfs_quota_us`, (text) => parseDecimal(text.trim())),
    readParsed(source, `${folder.value}/cpu.cfs_period_us`, (text) => parseDecimal(text.trim())),
  ])
  if (!quota.known) return quota
  if (!period.known) return period
  return cpuQuotaFact(quota.value, period.value, quota.source)
}

function cpuQuotaFact(quotaUs: number, periodUs: number, source: string): Fact<CpuQuota> {
  if (periodUs <= 0) return unknown('names a period of 0', source)
  const cpus = quotaUs < 0 ? Number.POSITIVE_INFINITY : quotaUs / periodUs
  return known({ cpus, periodUs }, source)
}

/** "max 100000" or "200000 100000". */
function parseCpuMax(text: string): CpuQuota | null {
  const [quota = '', period = ''] = words(text)
  const periodUs = parseDecimal(period)
  const quotaUs = quota === 'max' ? Number.POSITIVE_INFINITY : parseDecimal(quota)
  return quotaUs === null || !periodUs ? null : { cpus: quotaUs / periodUs, periodUs }
}

async function readUnit(
  source: FactSource,
  cgroupPaths: ProcessFacts['cgroupPaths'],
): Promise<Fact<UnitFacts>> {
  const name = pickFact(
    cgroupPaths,
    ({ unified, byController }) =>
      /([^/]+\.service)(?:\/|$)/.exec(byController['name=systemd'] ?? unified ?? '')?.[1],
    'names no systemd service',
  )
  if (!name.known) return name
  if (!/^[\w@.\\:-]+$/.test(name.value)) return unknown('names an odd unit', name.source)
  const output = await source.run({
    name: `systemctl-show-${name.value}`,
    argv: ['systemctl', 'show', '-p', 'LimitNOFILE', '-p', 'MemoryMax', '--', name.value],
  })
  return mapFact(output, ({ text }) => ({
    name: name.value,
    limitNofile: propertyOf(text, 'LimitNOFILE'),
    memoryMaxBytes: propertyOf(text, 'MemoryMax'),
  }))
}

function propertyOf(text: string, property: string): number | null {
  const value = new RegExp(`^${property}=(\\S+)$`, 'm').exec(text)?.[1]
  return value === 'infinity' ? Number.POSITIVE_INFINITY : parseDecimal(value ?? '')
}
