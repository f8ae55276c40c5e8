import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigFaults, type PushctlError } from '../../../src/errors/pushctl-error.ts'
import { planRun } from '../../../src/loadgen/plan/planner.ts'
import type { HostCapacity } from '../../../src/stats/capacity/host-capacity.ts'
import { hostWith, ROOMY as host, SETTINGS as settings, targetsAt } from './roomy-host.ts'

const loopback = targetsAt('tcp://127.0.0.1:7000', 'ws://127.0.0.1:7001/')
const remote = targetsAt('tcp://192.0.2.1:7000')

function refusal(run: () => unknown): PushctlError {
  try {
    run()
  } catch (error) {
    return error as PushctlError
  }
  throw new Error('expected a refusal')
}

describe('planner: shards', () => {
  it('takes threads while one process has the descriptors', () => {
    const plan = planRun({ ...settings, connections: 19_744 }, remote, host, 'epoll')
    expect(plan.shards).toMatchObject({ kind: 'thread', count: 8 })
    expect(plan.descriptors).toEqual({ perProcess: 20_000, reserved: 256, needed: 20_000 })
  })

  it('takes processes from the first connection that one process cannot hold', () => {
    const plan = planRun({ ...settings, connections: 19_745 }, remote, host, 'epoll')
    expect(plan.shards).toMatchObject({
      kind: 'process',
      count: 2,
      connections: [9_873, 9_872],
      reason: 'a process may open 20000 descriptors',
    })
  })

  it('leaves half of the cores to a target on the same host, and starts no idle thread', () => {
    expect(planRun({ ...settings, connections: 9_000 }, loopback, host, 'epoll').shards.count).toBe(
      4,
    )
    expect(planRun({ ...settings, connections: 10 }, remote, host, 'epoll').shards.count).toBe(1)
  })

  it('refuses threads that the descriptors do not allow and names the flag that works', () => {
    const error = refusal(() =>
      planRun({ ...settings, connections: 50_000, workers: 4 }, remote, host, 'epoll'),
    )
    expect(error.code).toBe('PUSHCTL_DESCRIPTORS')
    expect(error.exitCode).toBe(3)
    expect(error.tries[0]).toBe('--processes 3')
    const mended = { ...settings, connections: 50_000, processes: 3 }
    expect(planRun(mended, loopback, host, 'epoll').shards.count).toBe(3)
  })

  it('loses no connection over shards and targets', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50_000 }),
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 5 }),
        (connections, processes, count) => {
          const urls = Array.from({ length: count }, (_, i) => `tcp://127.0.0.${i + 1}:7000`)
          const unlimited = { ...host, descriptorsPerProcess: null }
          const plan = planRun(
            { ...settings, connections, processes },
            targetsAt(...urls),
            unlimited,
            'epoll',
          )
          const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0)
          expect(total(plan.shards.connections)).toBe(connections)
          expect(total(plan.targets.map((target) => target.connections))).toBe(connections)
        },
      ),
    )
  })
})

describe('planner: ports', () => {
  it('binds no source address while one has the ports', () => {
    expect(planRun(settings, remote, host, 'epoll').ports).toMatchObject({
      usablePerSource: 28_232,
      sources: [],
      neededPerSource: 1_000,
    })
  })

  it('picks loopback source addresses by itself', () => {
    const million = { ...settings, connections: 1_000_000 }
    const plan = planRun(million, targetsAt('tcp://127.0.0.1:7000'), host, 'epoll')
    expect(plan.ports.sources).toHaveLength(142)
    expect(plan.ports.sources[0]).toBe('127.0.1.1')
    expect(plan.ports.neededPerSource).toBe(7_043)
  })

  it('counts ports per destination with the epoll engine and once for all with the node engine', () => {
    const both = { ...settings, connections: 50_000, sourceAddresses: ['127.0.0.9'] }
    expect(planRun(both, loopback, host, 'epoll').ports.neededPerSource).toBe(25_000)
    const error = refusal(() => planRun(both, loopback, host, 'node'))
    expect(error.code).toBe('PUSHCTL_PORTS')
    expect(error.tries).toContain('--engine epoll, which shares ports between destinations')
  })

  it('refuses what one address cannot reach and says how many would', () => {
    const error = refusal(() =>
      planRun({ ...settings, connections: 100_000 }, remote, host, 'epoll'),
    )
    expect(error.code).toBe('PUSHCTL_PORTS')
    expect(error.exitCode).toBe(3)
    expect(error.tries[0]).toBe('--source-ip with 4 addresses of this host (list, range or block)')
  })
})

describe('planner: ports of the last minute', () => {
  const routes = new Map([['192.0.2.9', new Map([['192.0.2.1:7000', 20_000]])]])
  const busy = { ...host, timeWait: { total: 25_000, reuse: 'loopback', routes } } as const

  it('takes ports in TIME_WAIT away from the route that they are on', () => {
    const wanted = { ...settings, connections: 9_000 }
    expect(planRun({ ...wanted, connections: 8_232 }, remote, busy, 'epoll').ports).toMatchObject({
      usablePerSource: 28_232,
      inTimeWait: 20_000,
    })
    const error = refusal(() => planRun(wanted, remote, busy, 'epoll'))
    expect(textOf(error)).toMatchInlineSnapshot(`
      "PUSHCTL_PORTS
      9000 connections need 9000 local ports, got 1 source address × 28232 ports (32768-60999), 20000 of them in TIME_WAIT
      a source address reaches one destination once per local port
      --source-ip with 2 addresses of this host (list, range or block)
      sysctl -w net.ipv4.ip_local_port_range='1024 65535'   (as root)
      sysctl -w net.ipv4.tcp_tw_reuse=1   (as root), or wait a minute"
    `)
    expect(planRun(wanted, targetsAt('tcp://192.0.2.1:7999'), busy, 'epoll').ports.inTimeWait).toBe(
      0,
    )
  })

  it('leaves them alone where the kernel dials them again', () => {
    const wanted = { ...settings, connections: 7_000 }
    expect(planRun(wanted, loopback, busy, 'epoll').ports.inTimeWait).toBe(0)
  })
})

describe('planner: ports of connections that are replaced', () => {
  const churn = { ...settings, mode: 'churn', connections: 10_000, churnPerMille: 20 } as const
  const minutes = { ...churn, durationMs: 300_000 }

  it('are missing for a minute, or for as long as the run lasts', () => {
    expect(planRun(minutes, remote, host, 'epoll').ports.neededPerSource).toBe(22_000)
    expect(planRun(churn, remote, host, 'epoll').ports.neededPerSource).toBe(12_200)
    expect(planRun({ ...minutes, mode: 'idle' }, remote, host, 'epoll').ports.neededPerSource).toBe(
      10_000,
    )
  })

  it('are missing for a second where the kernel dials them again', () => {
    const one = targetsAt('tcp://127.0.0.1:7000')
    const { sources, neededPerSource } = planRun(minutes, one, host, 'epoll').ports
    expect(sources.length * neededPerSource).toBe(10_200)
  })

  it('are more than one address has where too many are replaced', () => {
    const error = refusal(() => planRun({ ...minutes, churnPerMille: 50 }, remote, host, 'epoll'))
    expect(textOf(error)).toMatchInlineSnapshot(`
      "PUSHCTL_PORTS
      10000 connections need 40000 local ports, got 1 source address × 28232 ports (32768-60999)
      a source address reaches one destination once per local port, and one that was replaced holds its port for up to a minute
      --source-ip with 2 addresses of this host (list, range or block)
      sysctl -w net.ipv4.ip_local_port_range='1024 65535'   (as root)
      sysctl -w net.ipv4.tcp_tw_reuse=1   (as root)"
    `)
  })
})

describe('planner: memory', () => {
  it('counts both ends of a loopback connection', () => {
    const far = planRun(settings, remote, host, 'epoll').memory
    const near = planRun(settings, targetsAt('tcp://127.0.0.1:7000'), host, 'epoll').memory
    expect(far.kernelBytes).toBe(1_000 * 4_384)
    expect(near.kernelBytes).toBe(1_000 * (4_384 + 4_128))
  })

  it.each([null, 20_000])('refuses what does not fit and says what would (%s descriptors)', (d) => {
    const small = hostWith({ memoryAvailableBytes: 2 * 1024 ** 3 }, { descriptorsPerProcess: d })
    const error = refusal(() =>
      planRun({ ...settings, connections: 1_000_000 }, loopback, small, 'epoll'),
    )
    expect(error.code).toBe('PUSHCTL_MEMORY')
    const fits = Number(/--connections (\d+)/.exec(error.tries[0])?.[1])
    expect(fits).toBeGreaterThan(100_000)
    const mended = { ...settings, connections: fits }
    expect(planRun(mended, loopback, small, 'epoll').connections).toBe(fits)
  })
})

describe('planner: limits of the host', () => {
  const million = { ...settings, connections: 1_000_000 }

  it('is held against each of them', () => {
    const { limits, warnings } = planRun(million, loopback, host, 'epoll')
    expect(limits.map(({ name, need, have }) => [name, need, have])).toMatchInlineSnapshot(`
      [
        [
          "descriptors",
          19864,
          20000,
        ],
        [
          "local ports",
          7043,
          28232,
        ],
        [
          "open files",
          2003296,
          2461257,
        ],
        [
          "epoll watches",
          2100000,
          5491511,
        ],
        [
          "threads",
          1237,
          32568,
        ],
        [
          "memory",
          11523724800,
          25769803776,
        ],
        [
          "accept queue",
          157,
          4096,
        ],
      ]
    `)
    expect(warnings).toEqual([])
  })

  it('refuses a million for want of any of them, with what would help', () => {
    const wants: readonly Partial<HostCapacity>[] = [
      { filesMax: 1_048_576 },
      { epollWatchesMax: 1_000_000 },
      { tasksMax: 1_000 },
      { tasksPerUser: 500 },
      { filesMax: 65_536, epollWatchesMax: 80_000 },
    ]
    const errors = wants.map((capacity) =>
      refusal(() => planRun(million, loopback, hostWith(capacity), 'epoll')),
    )
    expect(errors.map(({ exitCode }) => exitCode)).toEqual([3, 3, 3, 3, 3])
    expect(errors.map(textOf).join('\n\n')).toMatchInlineSnapshot(`
      "PUSHCTL_DESCRIPTORS
      --connections 1000000 needs 2,003,296 open files, got 1,043,663 (fs.file-max, less those open)
      fs.file-max counts the files and sockets of all processes of the host
      sysctl -w fs.file-max=3012314   (as root)
      --connections 520183

      PUSHCTL_DESCRIPTORS
      --connections 1000000 needs 2,100,000 epoll watches, got 1,000,000 (fs.epoll.max_user_watches)
      the kernel counts the watched sockets of a user, root included
      sysctl -w fs.epoll.max_user_watches=4200000   (as root)
      --connections 476190

      PUSHCTL_DESCRIPTORS
      --connections 1000000 needs 1,237 threads, got 800 (kernel.pid_max, kernel.threads-max, less those running)
      103 processes share the connections, each with its own descriptors
      sysctl -w kernel.pid_max=2156 kernel.threads-max=2156   (as root)
      ulimit -Hn with a higher number, so that fewer processes are needed   (as root)

      PUSHCTL_DESCRIPTORS
      --connections 1000000 needs 1,237 threads, got 500 (RLIMIT_NPROC)
      103 processes share the connections, each with its own descriptors
      ulimit -u 2156   (as root)
      ulimit -Hn with a higher number, so that fewer processes are needed   (as root)

      PUSHCTL_DESCRIPTORS
      --connections 1000000 needs 2,003,296 open files, got 60,623 (fs.file-max, less those open)
      fs.file-max counts the files and sockets of all processes of the host
      sysctl -w fs.file-max=3012314   (as root)
      --connections 28663

      PUSHCTL_DESCRIPTORS
      --connections 1000000 needs 2,100,000 epoll watches, got 80,000 (fs.epoll.max_user_watches)
      the kernel counts the watched sockets of a user, root included
      sysctl -w fs.epoll.max_user_watches=4200000   (as root)
      --connections 38095"
    `)
  })

  it('lets root pass limits that do not bind root', () => {
    const host = hostWith({ isPrivileged: true, filesMax: 1_048_576, tasksPerUser: 500 })
    expect(planRun(million, loopback, host, 'epoll').connections).toBe(1_000_000)
  })

  it('warns of accept queues that do not outlast a stall, of targets on this host only', () => {
    const storm = {
      ...settings,
      connections: 100_000,
      connectsPerSecond: 30_000,
      mode: 'idle',
    } as const
    const urls = ['tcp://127.0.0.1:7000', 'ws://127.0.0.1:7001/']
    const named = { ...storm, targets: targetsAt(...urls) }
    expect(planRun(named, targetsAt(...urls), host, 'epoll').warnings).toMatchInlineSnapshot(`
      [
        "an accept queue holds 4,096 connections, and a stall of 500 ms at 30,000/s brings 7,500: sysctl -w net.core.somaxconn=8192 (as root, before the target starts), or --connect-rate 16384",
      ]
    `)
    const sources = {
      ...named,
      sourceAddresses: ['192.0.2.7', '192.0.2.8', '192.0.2.9', '192.0.2.10'],
    }
    const far = planRun(sources, remote, host, 'epoll')
    expect(far.warnings).toEqual([])
    expect(far.limits.map(({ name }) => name)).not.toContain('accept queue')
  })
})

function textOf(error: PushctlError): string {
  const faults = error instanceof ConfigFaults ? error.faults : [error]
  return faults
    .map(({ code, message, why, tries }) => [code, message, why, ...tries].join('\n'))
    .join('\n\n')
}
