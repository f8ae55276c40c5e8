/**
 * Reads everything once: a first sample, then what does not move while the window passes, then a
 * second sample. Order of cost: files first, one filtered walk over sockets a sample, owners of
 * sockets only where they are few.
 */
import type { Facts } from '../facts.ts'
import type { Sample } from '../facts-sample.ts'
import { parseFileNr } from '../parsers/file-nr.ts'
import { parseSsListeners } from '../parsers/ss-listeners.ts'
import { cgroupFolders } from './cgroup-folders.ts'
import { type FactSource, readParsed } from './fact-source.ts'
import { findListenerOwners } from './listener-owners.ts'
import { readCommands, readHost, readKernelLog } from './read-host.ts'
import { readInterfaceNames, readNetwork } from './read-network.ts'
import { type ChosenProcess, readProcess } from './read-processes.ts'
import { readSample, type SamplePlan } from './read-sample.ts'
import { readSockets } from './read-sockets.ts'
import { readSysctlFiles, readSysctls } from './read-sysctls.ts'

export interface FactsRequest {
  readonly windowMs: number
  readonly pids: readonly number[]
  /** Processes that listen on these are looked at as if named by pid. */
  readonly ports: readonly number[]
  /** Pages of Prometheus metrics to read with each sample. */
  readonly metrics?: readonly string[]
}

/**
 * More open files than this and naming the owner of each socket costs more than the rest together.
 */
const OWNED_FILES_MAX = 100_000
/** A port may be shared by a worker per core; beyond this the first ones stand for all. */
const PROCESSES_MAX = 64

export async function readFacts(source: FactSource, request: FactsRequest): Promise<Facts> {
  const opening = await openReading(source, request)
  const passedMs = await source.advance(request.windowMs, opening.firstAtMs)
  const after = passedMs === null ? opening.before : await readSample(source, opening.plan)
  return {
    ...opening.standing,
    sampling: passedMs === null ? 'single' : 'window',
    windowMs: passedMs ?? 0,
    before: opening.before,
    after,
  }
}

type Moving = 'sampling' | 'windowMs' | 'before' | 'after'

/** All but the second sample. */
export interface Opening {
  readonly plan: SamplePlan
  /** On the performance clock. */
  readonly firstAtMs: number
  readonly before: Sample
  readonly standing: Omit<Facts, Moving>
}

export async function openReading(source: FactSource, request: FactsRequest): Promise<Opening> {
  const withOwners = await ownersAreCheap(source)
  const chosen = await chooseProcesses(source, request, withOwners)
  const processes = await Promise.all(chosen.map((process) => readProcess(source, process)))
  const commands = await readCommands(source)
  const plan: SamplePlan = {
    ...(await planInterfaces(source)),
    ksoftirqdPids: commands.ksoftirqdPids,
    processes: processes.map(({ pid, chosenBy, cgroupPaths }) => ({
      pid,
      port: portOf(chosenBy),
      folders: cgroupFolders(cgroupPaths),
    })),
    withOwners,
    metrics: request.metrics ?? [],
  }
  const firstAtMs = performance.now()
  const before = await readSample(source, plan)
  const sysctlFiles = await readSysctlFiles(source)
  const [sysctls, host, network, sockets, kernelLog] = await Promise.all([
    readSysctls(source, sysctlFiles),
    readHost(source, commands),
    readNetwork(source),
    readSockets(source, before),
    readKernelLog(source),
  ])
  const { origin } = source
  return {
    plan,
    firstAtMs,
    before,
    standing: { origin, host, network, sockets, processes, sysctls, sysctlFiles, kernelLog },
  }
}

async function planInterfaces(
  source: FactSource,
): Promise<Pick<SamplePlan, 'interfaceNames' | 'physicalNames'>> {
  const names = await readInterfaceNames(source)
  const interfaceNames = names.known ? names.value : []
  const devices = await Promise.all(
    interfaceNames.map((name) => source.list(`/sys/class/net/${name}/device`)),
  )
  return {
    interfaceNames,
    physicalNames: interfaceNames.filter((_, index) => devices[index]?.known),
  }
}

/** "--port 8080" → 8080. */
function portOf(chosenBy: string): number | null {
  const port = /^--port (\d+)$/.exec(chosenBy)?.[1]
  return port === undefined ? null : Number(port)
}

async function ownersAreCheap(source: FactSource): Promise<boolean> {
  const files = await readParsed(source, '/proc/sys/fs/file-nr', parseFileNr)
  return files.known && files.value.allocated <= OWNED_FILES_MAX
}

async function chooseProcesses(
  source: FactSource,
  { pids, ports }: FactsRequest,
  withOwners: boolean,
): Promise<ChosenProcess[]> {
  const chosen = new Map<number, string>(pids.map((pid) => [pid, '--pid']))
  if (ports.length > 0) {
    const options = withOwners ? '-Htnp' : '-Htne'
    const argv = ['ss', options, 'state', 'listening'] as const
    const output = await source.run({ name: 'ss-owners', argv })
    const listeners = output.known ? (parseSsListeners(output.value.text) ?? []) : []
    const found = withOwners
      ? listeners.flatMap(({ port, owners }) => owners.map(({ pid }) => [pid, port] as const))
      : await findListenerOwners(source, listeners, ports)
    for (const [pid, port] of found) {
      if (ports.includes(port) && !chosen.has(pid)) chosen.set(pid, `--port ${port}`)
    }
  }
  return [...chosen].slice(0, PROCESSES_MAX).map(([pid, chosenBy]) => ({ pid, chosenBy }))
}
