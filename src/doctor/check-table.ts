/**
 * Every check doctor knows, by family, in the order of the catalogue. Adding one:
 * docs/doctor.md#adding-a-check. One import and one row a check, both sorted within their family,
 * so that two people's additions merge.
 */
import { cgroupCpu } from './checks/cgroup/cpu.ts'
import { cgroupMemory } from './checks/cgroup/memory.ts'
import { cgroupNetnsScope } from './checks/cgroup/netns-scope.ts'
import { cgroupPidsFds } from './checks/cgroup/pids-fds.ts'
import { conntrackFill } from './checks/conntrack/fill.ts'
import { conntrackMax } from './checks/conntrack/max.ts'
import { conntrackTimeouts } from './checks/conntrack/timeouts.ts'
import { cpuFreq } from './checks/cpu/freq.ts'
import { cpuNuma } from './checks/cpu/numa.ts'
import { cpuSoftirqBalance } from './checks/cpu/softirq-balance.ts'
import { cpuSteal } from './checks/cpu/steal.ts'
import { filesEpollWatches } from './checks/files/epoll-watches.ts'
import { filesFdUsed } from './checks/files/fd-used.ts'
import { filesFileMax } from './checks/files/file-max.ts'
import { filesNrOpen } from './checks/files/nr-open.ts'
import { filesProcessNofile } from './checks/files/process-nofile.ts'
import { filesSysctlLint } from './checks/files/sysctl-lint.ts'
import { listenAbortOnOverflow } from './checks/listen/abort-on-overflow.ts'
import { listenBacklog } from './checks/listen/backlog.ts'
import { listenOverflow } from './checks/listen/overflow.ts'
import { listenQueueNow } from './checks/listen/queue-now.ts'
import { listenReuseport } from './checks/listen/reuseport.ts'
import { listenSomaxconn } from './checks/listen/somaxconn.ts'
import { listenSynBacklog } from './checks/listen/syn-backlog.ts'
import { listenSynRecv } from './checks/listen/syn-recv.ts'
import { listenSyncookies } from './checks/listen/syncookies.ts'
import { memoryEhash } from './checks/memory/ehash.ts'
import { memoryMinFree } from './checks/memory/min-free.ts'
import { memoryNotsentLowat } from './checks/memory/notsent-lowat.ts'
import { memoryPerConn } from './checks/memory/per-conn.ts'
import { memorySockbuf } from './checks/memory/sockbuf.ts'
import { memorySwap } from './checks/memory/swap.ts'
import { memoryTcpMem } from './checks/memory/tcp-mem.ts'
import { memoryThp } from './checks/memory/thp.ts'
import { nicBacklog } from './checks/nic/backlog.ts'
import { nicBudget } from './checks/nic/budget.ts'
import { nicDrops } from './checks/nic/drops.ts'
import { nicIrqAffinity } from './checks/nic/irq-affinity.ts'
import { nicQdisc } from './checks/nic/qdisc.ts'
import { nicQueues } from './checks/nic/queues.ts'
import { nicRfs } from './checks/nic/rfs.ts'
import { nicRps } from './checks/nic/rps.ts'
import { portsBindNoPort } from './checks/ports/bind-no-port.ts'
import { portsNeigh } from './checks/ports/neigh.ts'
import { portsRange } from './checks/ports/range.ts'
import { portsReserved } from './checks/ports/reserved.ts'
import { portsSourceIps } from './checks/ports/source-ips.ts'
import { portsSynRetries } from './checks/ports/syn-retries.ts'
import { processCpuBound } from './checks/process/cpu-bound.ts'
import { processFdLimitInherited } from './checks/process/fd-limit-inherited.ts'
import { processListenOwner } from './checks/process/listen-owner.ts'
import { processOom } from './checks/process/oom.ts'
import { processPauses } from './checks/process/pauses.ts'
import { processThreads } from './checks/process/threads.ts'
import { tcpAborts } from './checks/tcp/aborts.ts'
import { tcpDeadPeers } from './checks/tcp/dead-peers.ts'
import { tcpRetrans } from './checks/tcp/retrans.ts'
import { tcpRtoMin } from './checks/tcp/rto-min.ts'
import { tcpSlowStartIdle } from './checks/tcp/slow-start-idle.ts'
import { timeClocksource } from './checks/time/clocksource.ts'
import { timeSync } from './checks/time/sync.ts'
import { timeWindow } from './checks/time/window.ts'
import { twCloseWait } from './checks/tw/close-wait.ts'
import { twCount } from './checks/tw/count.ts'
import { twFinTimeout } from './checks/tw/fin-timeout.ts'
import { twOrphans } from './checks/tw/orphans.ts'
import { twOverflow } from './checks/tw/overflow.ts'
import { twRecycle } from './checks/tw/recycle.ts'
import { twReuse } from './checks/tw/reuse.ts'
import { twTimestamps } from './checks/tw/timestamps.ts'
import type { Check } from './finding.ts'

export const CHECKS: readonly Check[] = [
  // tw: TIME_WAIT and closing states
  twOverflow,
  twCount,
  twReuse,
  twRecycle,
  twTimestamps,
  twFinTimeout,
  twOrphans,
  twCloseWait,
  // listen: the accept path
  listenSomaxconn,
  listenBacklog,
  listenOverflow,
  listenQueueNow,
  listenSynRecv,
  listenSynBacklog,
  listenSyncookies,
  listenAbortOnOverflow,
  listenReuseport,
  // ports: outgoing capacity
  portsRange,
  portsSourceIps,
  portsBindNoPort,
  portsReserved,
  portsSynRetries,
  portsNeigh,
  // files: descriptors and limits per user
  filesProcessNofile,
  filesNrOpen,
  filesFileMax,
  filesFdUsed,
  filesEpollWatches,
  filesSysctlLint,
  // memory
  memoryPerConn,
  memoryTcpMem,
  memorySockbuf,
  memoryNotsentLowat,
  memoryEhash,
  memoryThp,
  memoryMinFree,
  memorySwap,
  // tcp: quality of the path
  tcpRetrans,
  tcpRtoMin,
  tcpDeadPeers,
  tcpSlowStartIdle,
  tcpAborts,
  // nic: packets in and out
  nicQueues,
  nicIrqAffinity,
  nicRps,
  nicRfs,
  nicDrops,
  nicBacklog,
  nicBudget,
  nicQdisc,
  // conntrack
  conntrackFill,
  conntrackMax,
  conntrackTimeouts,
  // cgroup
  cgroupMemory,
  cgroupCpu,
  cgroupPidsFds,
  cgroupNetnsScope,
  // cpu
  cpuSoftirqBalance,
  cpuSteal,
  cpuFreq,
  cpuNuma,
  // process
  processListenOwner,
  processOom,
  processCpuBound,
  processThreads,
  processPauses,
  processFdLimitInherited,
  // time
  timeClocksource,
  timeSync,
  timeWindow,
]
