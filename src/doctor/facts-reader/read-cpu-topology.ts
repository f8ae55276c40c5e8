/**
 * Cores behind the CPUs, CPUs kept free of work, and how deep a CPU may sleep: three small facts
 * from /sys/devices/system/cpu.
 */
import { type Fact, known, unknown } from '../fact.ts'
import type { CpuTopologyFacts } from '../facts.ts'
import { parseCpuList } from '../parsers/cpu-set.ts'
import { parseCount } from '../parsers/numbers.ts'
import { type FactSource, readParsed, trimmed } from './fact-source.ts'

const CPUS = '/sys/devices/system/cpu'
/** No driver of cpuidle knows more. */
const IDLE_STATES_MAX = 10

export async function readCpuTopology(
  source: FactSource,
  onlineCpus: Fact<readonly number[]>,
): Promise<CpuTopologyFacts> {
  const [physicalCoreCount, isolatedCpus, idleExitUsMax] = await Promise.all([
    readCoreCount(source, onlineCpus),
    readIsolated(source),
    readIdleExit(source),
  ])
  return { physicalCoreCount, isolatedCpus, idleExitUsMax }
}

/** Siblings of one core show the same list, so distinct lists are cores. */
async function readCoreCount(
  source: FactSource,
  onlineCpus: Fact<readonly number[]>,
): Promise<Fact<number>> {
  if (!onlineCpus.known) return onlineCpus
  const siblings = await Promise.all(
    onlineCpus.value.map((cpu) =>
      readParsed(source, `${CPUS}/cpu${cpu}/topology/thread_siblings_list`, trimmed),
    ),
  )
  const missing = siblings.find((fact) => !fact.known)
  if (missing !== undefined && !missing.known) return missing
  const cores = new Set(siblings.map((fact) => (fact.known ? fact.value : '')))
  return known(cores.size, `${CPUS}/cpu*/topology/thread_siblings_list`)
}

/** The file is empty where no CPU is isolated. */
async function readIsolated(source: FactSource): Promise<Fact<readonly number[]>> {
  const path = `${CPUS}/isolated`
  const text = await source.readText(path)
  if (!text.known) return text
  const cpus = parseCpuList(text.value)
  return cpus === null ? unknown('is not in the expected format', path) : known(cpus, path)
}

/** Of the states that are not disabled on the first CPU. */
async function readIdleExit(source: FactSource): Promise<Fact<number>> {
  const folder = `${CPUS}/cpu0/cpuidle`
  const names = await source.list(folder)
  if (!names.known) return names
  const states = names.value.filter((name) => /^state\d+$/.test(name)).slice(0, IDLE_STATES_MAX)
  const exits = await Promise.all(states.map((state) => readExitUs(source, `${folder}/${state}`)))
  const latenciesUs = exits.flatMap((fact) => (fact.known ? [fact.value] : []))
  return latenciesUs.length === 0
    ? unknown('names no idle state', folder)
    : known(Math.max(...latenciesUs), `${folder}/state*/latency`)
}

async function readExitUs(source: FactSource, folder: string): Promise<Fact<number>> {
  const disabled = await readParsed(source, `${folder}/disable`, trimmed)
  if (disabled.known && disabled.value === '1') return known(0, disabled.source)
  return readParsed(source, `${folder}/latency`, parseCount)
}
