import { describe, expect, it } from 'vitest'
import { cgroupMemory } from '../../../../src/doctor/checks/cgroup/memory.ts'
import { known, unknown } from '../../../../src/doctor/fact.ts'
import type { Facts } from '../../../../src/doctor/facts.ts'
import type { CgroupFacts } from '../../../../src/doctor/facts-process.ts'
import type { NameValues } from '../../../../src/doctor/parsers/name-values.ts'
import {
  factsWith,
  findingOfCheck,
  findingsOf,
  processSampleWith,
  processWith,
} from '../../facts-builder.ts'

const MIB = 2 ** 20
const FOLDER = '/sys/fs/cgroup/push.service'

interface Case {
  readonly maxMib: number
  readonly usedMib: number
  readonly cacheMib?: number
  readonly highMib?: number
  readonly events?: readonly [NameValues, NameValues]
  readonly connections?: number
}

function factsOf(options: Case): Facts {
  const { maxMib, usedMib, cacheMib = 0, highMib, events, connections = 0 } = options
  const cgroup: CgroupFacts = {
    ...processWith().cgroup,
    version: known(2, FOLDER),
    memoryMaxBytes: known(maxMib * MIB, `${FOLDER}/memory.max`),
    ...(highMib === undefined
      ? {}
      : { memoryHighBytes: known(highMib * MIB, `${FOLDER}/memory.high`) }),
  }
  const sample = (moment: 0 | 1) => ({
    processes: {
      4321: processSampleWith({
        cgroupMemoryCurrent: known(usedMib * MIB, `${FOLDER}/memory.current`),
        cgroupMemoryStat: known({ inactive_file: cacheMib * MIB }, `${FOLDER}/memory.stat`),
        ...(events === undefined
          ? {}
          : { cgroupMemoryEvents: known(events[moment], `${FOLDER}/memory.events`) }),
      }),
    },
  })
  return factsWith({
    counters: { 'Tcp.CurrEstab': connections },
    before: sample(0),
    after: sample(1),
    rest: { processes: [processWith({ cgroup, cgroupPaths: paths('/push.service') })] },
  })
}

function paths(unified: string) {
  return known({ unified, byController: {} }, '/proc/4321/cgroup')
}

/** 4,200 bytes a connection or a little less: 100,000 are about 400 MiB. */
const HUNDRED_THOUSAND = { connections: 100_000 }

describe('cgroup/memory', () => {
  it('is ok where the connections to come fit', () => {
    const facts = factsOf({ maxMib: 2_000, usedMib: 100 })
    const finding = findingOfCheck(cgroupMemory, facts, HUNDRED_THOUSAND)
    expect(finding).toMatchObject({ status: 'ok', subject: 'node (pid 4321)' })
    expect(finding.needed).toContain('100 MiB now + (100,000 connections − 0 now)')
  })

  it('warns above 75 % and is critical above 90 % of the limit', () => {
    const status = (maxMib: number) =>
      findingOfCheck(cgroupMemory, factsOf({ maxMib, usedMib: 90 }), { connections: 0 }).status
    expect(status(120)).toBe('ok')
    expect(status(119)).toBe('warn')
    expect(status(100)).toBe('warn')
    expect(status(99)).toBe('critical')
  })

  it(
    'counts kernel memory of connections that are still to come, not of those that are ' + 'here',
    () => {
      const facts = factsOf({ maxMib: 400, usedMib: 50 })
      expect(findingOfCheck(cgroupMemory, facts, HUNDRED_THOUSAND).status).toBe('critical')
      const here = factsOf({ maxMib: 400, usedMib: 50, connections: 100_000 })
      expect(findingOfCheck(cgroupMemory, here, HUNDRED_THOUSAND).status).toBe('ok')
    },
  )

  it('leaves page cache out, which gives way', () => {
    const facts = factsOf({ maxMib: 100, usedMib: 99, cacheMib: 80 })
    expect(findingOfCheck(cgroupMemory, facts, { connections: 0 }).status).toBe('ok')
  })

  it('warns above memory.high, also without memory.max', () => {
    const facts = factsOf({ maxMib: Number.POSITIVE_INFINITY, usedMib: 60, highMib: 50 })
    const finding = findingOfCheck(cgroupMemory, facts, { connections: 0 })
    expect(finding.status).toBe('warn')
    expect(finding.observed).toContain('above memory.high')
  })

  it.each([
    ['high', 'warn'],
    ['max', 'warn'],
    ['oom_kill', 'critical'],
  ])('takes a %s event in the window for %s', (name, status) => {
    const facts = factsOf({ maxMib: 1_000, usedMib: 1, events: [{ [name]: 1 }, { [name]: 2 }] })
    expect(findingOfCheck(cgroupMemory, facts, { connections: 0 }).status).toBe(status)
    const old = factsOf({ maxMib: 1_000, usedMib: 1, events: [{ [name]: 2 }, { [name]: 2 }] })
    expect(findingOfCheck(cgroupMemory, old, { connections: 0 }).status).toBe('info')
  })

  it('judges a group once for all its workers', () => {
    const facts = factsOf({ maxMib: 1_000, usedMib: 1 })
    const [first] = facts.processes
    const processes = [first!, { ...first!, pid: 4322 }]
    const [finding, ...others] = findingsOf(cgroupMemory, { ...facts, processes })
    expect(others).toEqual([])
    expect(finding?.subject).toBe('node (pid 4321) and 1 more')
  })

  it('is ok at the root, which has no limit, and unknown where the limit cannot be read', () => {
    const cgroupCpuStat = known({ usage_usec: 1 }, '/sys/fs/cgroup/cpu.stat')
    const atRoot = (path: string) =>
      factsWith({
        sample: { processes: { 4321: processSampleWith({ cgroupCpuStat }) } },
        rest: {
          processes: [
            processWith({
              cgroupPaths: paths(path),
              cgroup: {
                ...processWith().cgroup,
                memoryMaxBytes: unknown('does not exist here', '/sys/fs/cgroup/memory.max'),
              },
            }),
          ],
        },
      })
    expect(findingOfCheck(cgroupMemory, atRoot('/')).status).toBe('ok')
    expect(findingOfCheck(cgroupMemory, atRoot('/push.service')).status).toBe('unknown')
  })

  it('is unknown when no process is named', () => {
    expect(findingOfCheck(cgroupMemory, factsWith()).observed).toContain('--pid')
  })
})
