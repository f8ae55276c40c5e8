import { expect, test } from 'vitest'
import { planText } from '../../src/commands/bench-plan.ts'
import { planRun } from '../../src/loadgen/plan/planner.ts'
import { hostWith, ROOMY, SETTINGS, targetsAt } from '../loadgen/plan/roomy-host.ts'

test('a plan says what will happen, what each limit leaves, and what will hurt', () => {
  const urls = ['tcp://127.0.0.1:7000', 'ws://127.0.0.1:7001/']
  const million = {
    ...SETTINGS,
    targets: targetsAt(...urls),
    connections: 1_000_000,
    connectsPerSecond: 30_000,
  }
  const plan = planRun(million, targetsAt(...urls), hostWith({}, { cores: 2 }), 'epoll')
  expect(planText(plan)).toMatchInlineSnapshot(`
    "1,000,000 connections at 30,000/s from 71 source addresses, 51 processes, broadcasts of 256 bytes at 1/s

    mode         broadcast
    connections  1,000,000
    target       tcp://127.0.0.1:7000, 500,000 connections
    target       ws://127.0.0.1:7001/, 500,000 connections
    engine       epoll
    shards       51 × process, 19,608 connections each (a process may open 20000 descriptors)
                 2 connect at one time
    sources      71: 127.0.1.1 … 127.0.1.71
    memory       1.57 GiB in processes, 7.93 GiB in the kernel: 8,512 B a connection (from /proc/slabinfo)
    connect      30,000/s, 33.3 s in all
    messages     1/s, broadcasts of 256 B, constant arrivals
    heartbeat    as the target grants
    warm-up      1s
    measured     10s
    seed         1

    limit               need       have    used  which
    descriptors       19,864     20,000  99.3 %  RLIMIT_NOFILE, of one process
    local ports        7,043     28,232  24.9 %  net.ipv4.ip_local_port_range, of one address to one target
    open files     2,001,632  2,461,257  81.3 %  fs.file-max, less those open
    epoll watches  2,100,000  5,491,511  38.2 %  fs.epoll.max_user_watches
    threads              613     32,568  1.88 %  kernel.pid_max, kernel.threads-max, less those running
    memory           9.5 GiB     24 GiB  39.6 %  MemAvailable
    accept queue       7,500      4,096   183 %  net.core.somaxconn, a stall of 500 ms at the connect rate

    warning: an accept queue holds 4,096 connections, and a stall of 500 ms at 30,000/s brings 7,500: sysctl -w net.core.somaxconn=8192 (as root, before the target starts), or --connect-rate 16384"
  `)
})

test('what is unknown of a host reads as unlimited, and many targets as a few', () => {
  const capacity = { filesMax: null, epollWatchesMax: null, tasksMax: null, tasksPerUser: null }
  const host = hostWith(capacity, { descriptorsPerProcess: null })
  const urls = Array.from({ length: 7 }, (_, index) => `tcp://192.0.2.${index + 1}:7000`)
  const settings = { ...SETTINGS, mode: 'idle' as const, messagesPerSecond: 0 }
  const text = planText(planRun(settings, targetsAt(...urls), host, 'node'))
  expect(text.match(/unlimited/g)).toHaveLength(4)
  expect(text.match(/tcp:\/\//g)).toHaveLength(4)
  expect(text).toContain('and 3 more')
  expect(text).toMatch(/^messages +none$/m)
})

test('ports in TIME_WAIT are taken off in the table', () => {
  const timeWait = { total: 1_500, reuse: 'none', routes: null } as const
  const plan = planRun(SETTINGS, targetsAt('tcp://192.0.2.1:7000'), { ...ROOMY, timeWait }, 'epoll')
  expect(planText(plan)).toMatch(/^local ports +1,000 +26,732 .*, less 1500 in TIME_WAIT$/m)
})

test('a plan says what is broadcast and replaced, and how often heartbeats come', () => {
  const targets = targetsAt('tcp://127.0.0.1:7000')
  const rowsOf = (change: Partial<typeof SETTINGS>): string =>
    planText(planRun({ ...SETTINGS, ...change }, targets, ROOMY, 'epoll'))
      .split('\n')
      .filter((line) => /^(messages|broadcasts|churn|heartbeat) /.test(line))
      .join('\n')
  const mixed = {
    mode: 'mixed',
    unicastCount: 500,
    broadcastCount: 2,
    messagesPerSecond: 50,
  } as const
  expect(rowsOf({ ...mixed, heartbeatSeconds: 40 })).toMatchInlineSnapshot(`
    "messages     50/s, messages of 256 B, 500 over the measured time
    broadcasts   2 in the measured time, 2,000 deliveries
    heartbeat    every 40s"
  `)
  const churn = { mode: 'churn', churnPerMille: 5, messagesPerSecond: 0 } as const
  expect(rowsOf(churn)).toMatchInlineSnapshot(`
    "messages     none
    churn        5/s connections replaced, exponential lifetimes
    heartbeat    as the target grants"
  `)
})
