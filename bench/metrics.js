/**
 * What is measured, in the order in which it is shown, and the targets that the ratios are held
 * against (one row each). A metric not listed here is measured but not shown.
 */

export const whole = (value) => Math.round(value).toLocaleString('en-US')
const thousands = (value) => `${(value / 1000).toFixed(1)} k`
const two = (value) => value.toFixed(2)
const one = (value) => value.toFixed(1)
const percent = (value) => `${Math.round(value * 100)} %`

export const METRICS = [
  { id: 'idleBytes', work: 'idle', title: 'bytes per idle connection (slope of RSS)', show: whole },
  { id: 'rssLowMB', work: 'idle', title: 'RSS at the lower count, MB', show: one },
  { id: 'rssHighMB', work: 'idle', title: 'RSS at the higher count, MB', show: one },
  { id: 'gcMsMax', work: 'idle', title: 'longest GC pause, ms', show: two },
  {
    id: 'deliveriesPerCpuS',
    work: 'broadcast',
    title: 'deliveries per CPU-second',
    show: thousands,
  },
  { id: 'deliveriesPerS', work: 'broadcast', title: 'deliveries per second', show: thousands },
  { id: 'deliveryUserUs', work: 'broadcast', title: 'CPU per delivery, user, µs', show: two },
  { id: 'deliverySystemUs', work: 'broadcast', title: 'CPU per delivery, system, µs', show: two },
  {
    id: 'broadcastClientBusy',
    work: 'broadcast',
    title: 'client busy',
    show: percent,
  },
  ...[1, 8]
    .flatMap((window) => [
      { id: `echo${window}CpuUs`, title: `echo, ${window} under way: CPU, µs`, show: two },
      { id: `echo${window}UserUs`, title: `echo, ${window} under way: user, µs`, show: two },
      { id: `echo${window}SystemUs`, title: `echo, ${window} under way: system, µs`, show: two },
      {
        id: `echo${window}PerS`,
        title: `echo, ${window} under way: messages per second`,
        show: thousands,
      },
      { id: `echo${window}ClientBusy`, title: 'client busy', show: percent },
    ])
    .map((metric) => ({ ...metric, work: 'echo' })),
  {
    id: 'connectsPerCpuS',
    work: 'connect',
    title: 'connects + HELLO per CPU-second',
    show: thousands,
  },
  { id: 'connectsPerS', work: 'connect', title: 'connects + HELLO per second', show: thousands },
  {
    id: 'cycleCpuUs',
    work: 'connect',
    title: 'CPU per connection, its reset included, µs',
    show: one,
  },
  { id: 'connectClientBusy', work: 'connect', title: 'client busy', show: percent },
]

/**
 * `over`: the ratio of two servers in the same round; without it the figure itself is held
 * against the limit.
 * `isLess`: the target is an upper limit.
 */
export const TARGETS = [
  { metric: 'idleBytes', of: 'pushctl-ws', isLess: true, limit: 160 },
  { metric: 'idleBytes', of: 'pushctl-tcp', isLess: true, limit: 160 },
  { metric: 'idleBytes', of: 'pushctl-ws', over: 'ws' },
  { metric: 'idleBytes', of: 'pushctl-ws', over: 'bun' },
  { metric: 'gcMsMax', of: 'pushctl-ws', isLess: true, limit: 10 },
  { metric: 'gcMsMax', of: 'pushctl-tcp', isLess: true, limit: 10 },
  { metric: 'deliveriesPerCpuS', of: 'pushctl-ws', over: 'ws', limit: 1.7 },
  { metric: 'deliveriesPerCpuS', of: 'pushctl-ws', over: 'bun', limit: 1.05 },
  { metric: 'deliveriesPerCpuS', of: 'pushctl-ws', over: 'uws' },
  { metric: 'deliveriesPerCpuS', of: 'pushctl-tcp', over: 'c', limit: 0.9 },
  { metric: 'echo1CpuUs', of: 'pushctl-ws', over: 'ws' },
  { metric: 'echo1CpuUs', of: 'pushctl-ws', over: 'bun' },
  { metric: 'echo1CpuUs', of: 'pushctl-tcp', over: 'c' },
  { metric: 'echo8CpuUs', of: 'pushctl-ws', over: 'ws' },
  { metric: 'echo8CpuUs', of: 'pushctl-ws', over: 'bun' },
  { metric: 'echo8CpuUs', of: 'pushctl-tcp', over: 'c' },
  { metric: 'connectsPerCpuS', of: 'pushctl-ws', over: 'ws', limit: 2 },
  { metric: 'connectsPerCpuS', of: 'pushctl-ws', over: 'bun' },
  { metric: 'connectsPerCpuS', of: 'pushctl-tcp', over: 'c' },
]
