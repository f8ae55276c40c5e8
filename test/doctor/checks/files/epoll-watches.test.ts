import { describe, expect, it } from 'vitest'
import { filesEpollWatches } from '../../../../src/doctor/checks/files/epoll-watches.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck, sockstatWith } from '../../facts-builder.ts'

const withLimit = (value: number) => factsWith({ sysctls: { 'fs.epoll.max_user_watches': value } })

describe('files/epoll-watches', () => {
  it('finds the default of 24 GiB enough for a million', () => {
    const finding = findingOfCheck(filesEpollWatches, withLimit(5_491_511), {
      connections: 1_000_000,
    })
    expect(finding.status).toBe('ok')
    expect(finding.needed).toContain('1,050,000')
    expect(finding.settings).toEqual([])
  })

  it('is critical on 4 GiB, where a million does not fit', () => {
    const finding = findingOfCheck(filesEpollWatches, withLimit(933_000), {
      connections: 1_000_000,
    })
    expect(finding.status).toBe('critical')
    expect(finding.fix_now).toBe('sysctl -w fs.epoll.max_user_watches=2100000')
  })

  it.each([
    [13_126, 'ok'],
    [13_125, 'warn'],
    [10_500, 'warn'],
    [10_499, 'critical'],
  ])('finds a limit of %i for 10,000 connections %s', (limit, status) => {
    expect(findingOfCheck(filesEpollWatches, withLimit(limit)).status).toBe(status)
  })

  it('takes the sockets open now where they are more than the target', () => {
    const facts = factsWith({
      sysctls: { 'fs.epoll.max_user_watches': 100_000 },
      sample: { sockstat: sockstatWith({ tcpInUse: 40_000, tcp6InUse: 60_000 }) },
    })
    expect(findingOfCheck(filesEpollWatches, facts).status).toBe('critical')
  })

  it('counts both ends of each connection where both are here', () => {
    const finding = findingOfCheck(filesEpollWatches, withLimit(20_999), { role: 'both' })
    expect(finding.status).toBe('critical')
  })

  it('trusts in a container only in what the open files of the whole host leave', () => {
    const inContainer = (allocated: number | null) =>
      factsWith({
        sysctls: { 'fs.epoll.max_user_watches': 100_000 },
        host: {
          namespaces: {
            network: known('child', 'tcp_mem is absent'),
            networkInode: known('net:[1]', 'ns'),
            pid: known('child', 'ns'),
          },
        },
        sample:
          allocated === null
            ? {}
            : { fileNr: known({ allocated, max: 1_000_000 }, '/proc/sys/fs/file-nr') },
      })
    expect(findingOfCheck(filesEpollWatches, inContainer(69_999)).status).toBe('ok')
    expect(findingOfCheck(filesEpollWatches, inContainer(70_000)).status).toBe('unknown')
    expect(findingOfCheck(filesEpollWatches, inContainer(null)).status).toBe('unknown')
    const short = findingOfCheck(filesEpollWatches, inContainer(0), { connections: 100_000 })
    expect(short.status).toBe('critical')
  })

  it('is unknown where the key cannot be read', () => {
    expect(findingOfCheck(filesEpollWatches, factsWith()).status).toBe('unknown')
  })
})
