import { describe, expect, it } from 'vitest'
import { memoryPerConn } from '../../../../src/doctor/checks/memory/per-conn.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck, sockstatWith } from '../../facts-builder.ts'

const withMemory = (total: number, available = total, open = 0) =>
  factsWith({
    host: { kernelRelease: known('6.12.0', 'osrelease') },
    sample: {
      meminfo: known({ MemTotal: total, MemAvailable: available }, '/proc/meminfo'),
      sockstat: sockstatWith({ tcpInUse: open }),
    },
  })

/** 10,000 × 4,200 B and 945 pages of 4,096 B for the messages in flight. */
const NEED = 42_000_000 + 945 * 4_096

describe('memory/per-conn', () => {
  it('puts a million idle connections at 4.2 GB, 4.4 GB where they were dialled', () => {
    const quiet = { connections: 1_000_000, dirtySockets: 0 }
    const server = findingOfCheck(memoryPerConn, withMemory(64e9), quiet)
    expect(server.status).toBe('ok')
    expect(server.needed).toContain('1,000,000 sockets × 4,200 B')
    const loadgen = findingOfCheck(memoryPerConn, withMemory(64e9), { ...quiet, role: 'loadgen' })
    expect(loadgen.needed).toContain('1,000,000 sockets × 4,400 B')
  })

  it('is ok up to 75 % of memory, warns up to 90 %, is critical above', () => {
    const at = (share: number) => findingOfCheck(memoryPerConn, withMemory(NEED / share)).status
    expect([at(0.749), at(0.751), at(0.899), at(0.901)]).toEqual(['ok', 'warn', 'warn', 'critical'])
  })

  it('adds what the program takes for each connection', () => {
    const target = { processBytesPerConnection: 5_900 }
    const finding = findingOfCheck(memoryPerConn, withMemory(110e6), target)
    expect(finding.status).toBe('critical')
    expect(finding.needed).toContain('10,000 × 5,900 B of the program')
    expect(finding.settings).toEqual([])
  })

  it('is information where memory would do but others hold it now', () => {
    expect(findingOfCheck(memoryPerConn, withMemory(24e9, 40e6)).status).toBe('info')
    expect(findingOfCheck(memoryPerConn, withMemory(24e9, 50e6)).status).toBe('ok')
  })

  it('counts connections that are open already as paid for', () => {
    expect(findingOfCheck(memoryPerConn, withMemory(24e9, 40e6, 10_000)).status).toBe('ok')
  })

  it('counts both ends where server and generator share the host', () => {
    const finding = findingOfCheck(memoryPerConn, withMemory(64e9), { role: 'both' })
    expect(finding.needed).toContain('20,000 sockets × 4,400 B')
  })

  it('is unknown without meminfo', () => {
    expect(findingOfCheck(memoryPerConn, factsWith()).status).toBe('unknown')
  })
})
