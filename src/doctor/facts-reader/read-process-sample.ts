/**
 * What moves in one process and its control group. Descriptors are counted by the size of
 * /proc/PID/fd: reading that folder makes a cache entry for each, nearly a gigabyte at a million.
 */
import { type Fact, known, mapFact, unknown } from '../fact.ts'
import type { FdCount, ProcessSample } from '../facts-sample.ts'
import { parseNameValues } from '../parsers/name-values.ts'
import { parseCount } from '../parsers/numbers.ts'
import { parseProcessStatus } from '../parsers/process-status.ts'
import { parseThreadStat, type ThreadStat } from '../parsers/thread-stat.ts'
import type { CgroupFolders } from './cgroup-folders.ts'
import { type FactSource, readParsed } from './fact-source.ts'

export interface ProcessPlaces {
  readonly pid: number
  /** The port it was found by. */
  readonly port: number | null
  readonly folders: CgroupFolders
}

/** A thread-per-connection server is judged from the first so many. */
const THREADS_MAX = 2_000
/** Below this many, listing the folder is cheap where its size is not told. */
const FD_LISTING_MAX = 4_096

export async function readProcessSample(
  source: FactSource,
  { pid, folders }: ProcessPlaces,
): Promise<Omit<ProcessSample, 'sockets'>> {
  const status = await readParsed(source, `/proc/${pid}/status`, parseProcessStatus)
  const { memory, cpu } = folders
  const [threads, fdCount, memoryEvents, memoryStat, memoryCurrent, cpuStat] = await Promise.all([
    readThreads(source, pid),
    readFdCount(source, pid, status.known ? status.value.fdTableSize : 0),
    readIn(
      source,
      memory,
      memoryFile(folders, 'memory.events', 'memory.oom_control'),
      parseNameValues,
    ),
    readIn(source, memory, 'memory.stat', parseNameValues),
    readIn(
      source,
      memory,
      memoryFile(folders, 'memory.current', 'memory.usage_in_bytes'),
      parseCount,
    ),
    readIn(source, cpu, 'cpu.stat', parseNameValues),
  ])
  return {
    threads,
    rssBytes: mapFact(status, ({ rssBytes }) => rssBytes),
    swapBytes: mapFact(status, ({ swapBytes }) => swapBytes),
    fdCount,
    cgroupMemoryEvents: memoryEvents,
    cgroupMemoryStat: memoryStat,
    cgroupMemoryCurrent: memoryCurrent,
    cgroupCpuStat: cpuStat,
  }
}

function memoryFile(folders: CgroupFolders, unified: string, legacy: string): string {
  return folders.memoryVersion === 2 ? unified : legacy
}

async function readIn<T>(
  source: FactSource,
  folder: Fact<string>,
  name: string,
  parse: (text: string) => T | null,
): Promise<Fact<T>> {
  return folder.known ? readParsed(source, `${folder.value}/${name}`, parse) : folder
}

async function readThreads(source: FactSource, pid: number): Promise<Fact<readonly ThreadStat[]>> {
  const folder = `/proc/${pid}/task`
  const tids = await source.list(folder)
  if (!tids.known) return tids
  const facts = await Promise.all(
    tids.value
      .filter((tid) => /^\d+$/.test(tid))
      .slice(0, THREADS_MAX)
      .map((tid) => readParsed(source, `${folder}/${tid}/stat`, parseThreadStat)),
  )
  const threads = facts.flatMap((fact) => (fact.known ? [fact.value] : []))
  return threads.length > 0 ? known(threads, folder) : unknown('no thread could be read', folder)
}

async function readFdCount(
  source: FactSource,
  pid: number,
  fdTableSize: number,
): Promise<Fact<FdCount>> {
  const folder = `/proc/${pid}/fd`
  const size = await source.sizeOf(folder)
  if (size.known && size.value > 0)
    return known({ count: size.value, exact: true }, `stat ${folder}`)
  if (fdTableSize > 0 && fdTableSize <= FD_LISTING_MAX) {
    const listed = await source.list(folder)
    if (listed.known) return known({ count: listed.value.length, exact: true }, folder)
  }
  if (fdTableSize > 0) {
    return known({ count: fdTableSize, exact: false }, `/proc/${pid}/status FDSize`)
  }
  return size.known ? unknown('the kernel does not tell', folder) : size
}
