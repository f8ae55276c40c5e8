import { describe, expect, it } from 'vitest'
import { filesFileMax } from '../../../../src/doctor/checks/files/file-max.ts'
import { known } from '../../../../src/doctor/fact.ts'
import type { ProcessStatus } from '../../../../src/doctor/parsers/process-status.ts'
import {
  type FactsOptions,
  factsWith,
  findingOfCheck,
  processSampleWith,
  processWith,
  sockstatWith,
} from '../../facts-builder.ts'

const withFiles = (allocated: number, max: number, options: FactsOptions = {}) =>
  factsWith({
    ...options,
    sample: {
      fileNr: known({ allocated, max }, '/proc/sys/fs/file-nr'),
      ...options.sample,
    },
  })

const STATUS: ProcessStatus = {
  name: 'node',
  threads: 11,
  uid: 0,
  rssBytes: 0,
  swapBytes: 0,
  fdTableSize: 256,
  cpusAllowed: '0-1',
  memsAllowed: '0',
  capEff: '000001ffffffffff',
}

const runningAs = (capEff: string) => ({
  processes: [processWith({ status: known({ ...STATUS, capEff }, '/proc/4321/status') })],
})

describe('files/file-max', () => {
  it('adds what the target lacks to what is open: 10,000 + 1,024 + 1,000', () => {
    const finding = findingOfCheck(filesFileMax, withFiles(1_000, 100_000))
    expect(finding.status).toBe('ok')
    expect(finding.needed).toContain('= 12,024')
    expect(finding.settings).toEqual([])
  })

  it('warns from 80 % on and is critical when the host cannot open so many', () => {
    expect(findingOfCheck(filesFileMax, withFiles(1_000, 15_031)).status).toBe('ok')
    const warning = findingOfCheck(filesFileMax, withFiles(1_000, 15_030))
    expect(warning.status).toBe('warn')
    expect(warning.fix_now).toBe('sysctl -w fs.file-max=18036')
    expect(findingOfCheck(filesFileMax, withFiles(1_000, 12_025)).status).toBe('warn')
    expect(findingOfCheck(filesFileMax, withFiles(1_000, 12_024)).status).toBe('critical')
  })

  it('does not count connections twice that are open already', () => {
    const sample = { sockstat: sockstatWith({ tcpInUse: 4_000, tcp6InUse: 6_000 }) }
    const finding = findingOfCheck(filesFileMax, withFiles(11_000, 100_000, { sample }))
    expect(finding.needed).toContain('= 12,024')
  })

  it('takes the descriptors of the process named rather than all sockets', () => {
    const sample = {
      sockstat: sockstatWith({ tcpInUse: 50_000 }),
      processes: {
        4321: processSampleWith({
          fdCount: known({ count: 24, exact: true }, 'stat /proc/4321/fd'),
        }),
      },
    }
    const rest = { processes: [processWith()] }
    const finding = findingOfCheck(filesFileMax, withFiles(51_000, 1_000_000, { sample, rest }))
    expect(finding.needed).toContain('= 62,000')
  })

  it('is information for a process with CAP_SYS_ADMIN, which the kernel exempts', () => {
    const root = withFiles(1_000, 12_024, { rest: runningAs('000001ffffffffff') })
    expect(findingOfCheck(filesFileMax, root).status).toBe('info')
    const user = withFiles(1_000, 12_024, { rest: runningAs('0000000000000000') })
    expect(findingOfCheck(filesFileMax, user).status).toBe('critical')
    const neighbourBit = withFiles(1_000, 12_024, { rest: runningAs('0000000000100000') })
    expect(findingOfCheck(filesFileMax, neighbourBit).status).toBe('critical')
  })

  it('warns of a line in the kernel log though there is room now', () => {
    const text = 'VFS: file-max limit 65535 reached'
    const facts = withFiles(1_000, 1_000_000, {
      kernelLog: known([{ kind: 'fileMax', text }], 'dmesg'),
    })
    const finding = findingOfCheck(filesFileMax, facts)
    expect(finding.status).toBe('warn')
    expect(finding.evidence).toContain(`kernel log: ${text}`)
    expect(finding.settings).toEqual([])
  })

  it('counts both ends where server and generator share the host', () => {
    const finding = findingOfCheck(filesFileMax, withFiles(0, 1_000_000), { role: 'both' })
    expect(finding.needed).toContain('= 21,024')
  })

  it('is unknown where file-nr cannot be read', () => {
    expect(findingOfCheck(filesFileMax, factsWith()).status).toBe('unknown')
  })
})
