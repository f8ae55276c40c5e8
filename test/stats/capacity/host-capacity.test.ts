import { describe, expect, it } from 'vitest'
import { capacityFrom, readHostCapacity } from '../../../src/stats/capacity/host-capacity.ts'

const FILES: Readonly<Record<string, string>> = {
  'proc/meminfo': 'MemTotal:       24684084 kB\nMemAvailable:   23531820 kB\n',
  'proc/sys/fs/file-nr': '4913\t0\t2466170\n',
  'proc/self/status': 'Name:\tnode\nCapEff:\t000001ffffffffff\n',
  'proc/sys/fs/epoll/max_user_watches': '5491511\n',
  'proc/loadavg': '13.44 38.50 31.11 4/189 27156\n',
  'proc/sys/kernel/pid_max': '32768\n',
  'proc/sys/kernel/threads-max': '192730\n',
  'proc/self/limits':
    'Max processes             96365                96365                processes\n',
  'proc/sys/net/core/somaxconn': '4096\n',
}
const capacityOf = (files: Readonly<Record<string, string>>) =>
  capacityFrom((path) => files[path] ?? '')

describe('capacity of a host', () => {
  it('is read from the files of the kernel', () => {
    expect(capacityOf(FILES)).toMatchObject({
      memoryAvailableBytes: 23_531_820 * 1024,
      memorySource: 'MemAvailable',
      filesMax: 2_466_170,
      filesOpen: 4_913,
      isPrivileged: true,
      epollWatchesMax: 5_491_511,
      tasks: 189,
      tasksMax: 32_768,
      tasksPerUser: 96_365,
      acceptQueueMax: 4_096,
    })
  })

  it('is unknown where nothing can be read, but for the memory that Node knows', () => {
    const { memoryAvailableBytes, socketMemory, ...rest } = capacityOf({})
    expect(memoryAvailableBytes).toBeGreaterThan(0)
    expect(socketMemory.basis).toBe('constants')
    expect(rest).toEqual({
      memorySource: 'MemAvailable',
      filesMax: null,
      filesOpen: null,
      isPrivileged: false,
      epollWatchesMax: null,
      tasks: null,
      tasksMax: null,
      tasksPerUser: null,
      acceptQueueMax: null,
    })
  })

  it('knows a process without the right to pass fs.file-max, and one without a limit', () => {
    const files = {
      ...FILES,
      'proc/self/status': 'CapEff:\t00000000a80425fb\n',
      'proc/self/limits':
        'Max processes             unlimited            unlimited            processes\n',
    }
    expect(capacityOf(files)).toMatchObject({ isPrivileged: false, tasksPerUser: null })
  })

  it('is less in a control group that allows less than the host has', () => {
    const files = {
      ...FILES,
      'proc/self/cgroup': '0::/box\n',
      'sys/fs/cgroup/box/memory.max': '1073741824\n',
      'sys/fs/cgroup/box/memory.current': '73741824\n',
    }
    expect(capacityOf(files)).toMatchObject({
      memoryAvailableBytes: 1_000_000_000,
      memorySource: 'limit of its control group',
    })
  })

  it.runIf(process.platform === 'linux')('of this host has what every plan needs', () => {
    const { filesMax, epollWatchesMax, tasksMax, acceptQueueMax } = readHostCapacity()
    for (const limit of [filesMax, epollWatchesMax, tasksMax, acceptQueueMax]) {
      expect(limit).toBeGreaterThan(0)
    }
  })
})
