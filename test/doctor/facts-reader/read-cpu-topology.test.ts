import { describe, expect, it } from 'vitest'
import { known, unknown } from '../../../src/doctor/fact.ts'
import { MemoryTree } from '../../../src/doctor/facts-reader/capture-trees.ts'
import { CapturedSource } from '../../../src/doctor/facts-reader/captured-source.ts'
import { readCpuTopology } from '../../../src/doctor/facts-reader/read-cpu-topology.ts'

const ONLINE = known([0, 1, 2, 3], 'test')

describe('CPU topology', () => {
  it('counts hyperthreads of one core once, and idle states that are allowed', async () => {
    const topology = await readCpuTopology(
      captureOf({
        'cpu0/topology/thread_siblings_list': '0,2\n',
        'cpu1/topology/thread_siblings_list': '1,3\n',
        'cpu2/topology/thread_siblings_list': '0,2\n',
        'cpu3/topology/thread_siblings_list': '1,3\n',
        isolated: '\n',
        'cpu0/cpuidle/state0/latency': '0\n',
        'cpu0/cpuidle/state1/latency': '33\n',
        'cpu0/cpuidle/state2/latency': '133\n',
        'cpu0/cpuidle/state2/disable': '1\n',
      }),
      ONLINE,
    )
    expect(topology.physicalCoreCount).toMatchObject({ value: 2 })
    expect(topology.isolatedCpus).toMatchObject({ value: [] })
    expect(topology.idleExitUsMax).toMatchObject({ value: 33 })
  })

  it('does not know the cores when one CPU does not tell its siblings', async () => {
    const source = captureOf({ 'cpu0/topology/thread_siblings_list': '0\n', isolated: 'x\n' })
    const topology = await readCpuTopology(source, ONLINE)
    expect(topology.physicalCoreCount.known).toBe(false)
    expect(topology.isolatedCpus.known).toBe(false)
    expect(topology.idleExitUsMax.known).toBe(false)
  })

  it('passes on why the CPUs are not known', async () => {
    const topology = await readCpuTopology(captureOf({}), unknown('permission denied', 'test'))
    expect(topology.physicalCoreCount).toMatchObject({ reason: 'permission denied' })
  })
})

function captureOf(files: Readonly<Record<string, string>>): CapturedSource {
  const entries = Object.entries(files)
  const tree = new Map(entries.map(([path, text]) => [`sys/devices/system/cpu/${path}`, text]))
  return new CapturedSource({ kind: 'root', name: 'test' }, new MemoryTree(tree))
}
