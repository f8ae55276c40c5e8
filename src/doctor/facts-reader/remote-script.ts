/**
 * One shell script that reads on another host what the facts reader asks for, and prints it in
 * sections: over ssh each read of its own would cost a round trip. Plain POSIX sh with head, ls,
 * readlink and stat. What a section holds is decided by the host alone, so the marker carries a
 * word that the host cannot know beforehand.
 */
import { OWNED_STATES } from './read-process-sockets.ts'
import { TRANSIENT_STATES } from './read-sample.ts'

export interface RemoteRequest {
  /** Letters and digits, new for each run. */
  readonly marker: string
  readonly windowMs: number
  readonly pids: readonly number[]
  readonly ports: readonly number[]
}

const FILE_BYTES_MAX = 4 * 1024 * 1024
const SOCKET_LINES_MAX = 50_000

const MOVING = `
/proc/net/netstat /proc/net/snmp /proc/net/sockstat /proc/net/sockstat6 /proc/net/softnet_stat
/proc/stat /proc/softirqs /proc/interrupts /proc/uptime /proc/net/protocols /proc/vmstat
/proc/meminfo /proc/sys/fs/file-nr /proc/net/stat/arp_cache /proc/net/stat/nf_conntrack
/proc/sys/net/netfilter/nf_conntrack_count /proc/pressure/memory /proc/pressure/cpu
/sys/class/net/*/statistics/rx_* /sys/class/net/*/statistics/tx_*`

const STANDING = `
/proc/sys/kernel/osrelease /proc/sys/kernel/hostname /proc/sys/kernel/random/boot_id
/proc/sys/kernel/dmesg_restrict /proc/sys/kernel/numa_balancing /proc/sys/kernel/pid_max
/proc/sys/kernel/threads-max /proc/sys/fs/file-max /proc/sys/fs/nr_open
/proc/sys/fs/epoll/max_user_watches /proc/sys/vm/* /proc/sys/net/nf_conntrack_max
/proc/sys/net/core/* /proc/sys/net/ipv4/* /proc/sys/net/netfilter/*
/proc/sys/net/ipv4/neigh/default/gc_thresh* /proc/sys/net/ipv6/neigh/default/gc_thresh*
/proc/self/status /proc/slabinfo /proc/[0-9]*/comm
/sys/kernel/mm/transparent_hugepage/enabled /sys/kernel/mm/transparent_hugepage/defrag
/sys/devices/system/clocksource/clocksource0/*_clocksource
/sys/devices/system/cpu/* /sys/devices/system/cpu/cpu*/cpufreq/scaling_*
/sys/devices/system/cpu/cpu*/topology/* /sys/devices/system/cpu/cpu0/cpuidle/state*/*
/sys/devices/system/cpu/cpuidle/current_driver /sys/devices/system/node/online
/sys/devices/system/node/node*/cpulist /sys/class/dmi/id/sys_vendor
/sys/class/net/*/flags /sys/class/net/*/mtu /sys/class/net/*/speed /sys/class/net/*/tx_queue_len
/sys/class/net/*/threaded /sys/class/net/*/device/numa_node
/sys/class/net/*/queues/rx-*/rps_cpus /sys/class/net/*/queues/rx-*/rps_flow_cnt
/proc/irq/*/smp_affinity_list /proc/irq/*/effective_affinity_list /proc/irq/*/node
/etc/sysctl.conf /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf
/usr/lib/sysctl.d/*.conf /lib/sysctl.d/*.conf /etc/tuned/active_profile`

const CGROUP_FILES = `memory.max memory.high memory.current memory.events memory.stat
memory.limit_in_bytes memory.soft_limit_in_bytes memory.usage_in_bytes memory.oom_control
cpu.max cpu.stat cpu.cfs_quota_us cpu.cfs_period_us pids.max pids.current`

export function remoteScript(request: RemoteRequest): string {
  return [toolLines(request), SAMPLE_LINES, STANDING_LINES, deviceLines(request)].join('')
}

/** Marks, readers, and what to look at: processes, interfaces, kernel threads. */
function toolLines({ marker, pids, ports }: RemoteRequest): string {
  const portPattern = ports.map((port) => `:${port}`).join('|')
  const owners =
    ports.length === 0
      ? ''
      : `$([ -z "$owners" ] || ss -Htnp state listening 2>/dev/null | ` +
        `grep -E '(${portPattern}) ' | ` +
        `grep -o 'pid=[0-9]*' | cut -d= -f2)`
  return `
export LC_ALL=C
PATH="$PATH:/usr/sbin:/sbin"
mark() { printf '\\n#${marker} %s\\n' "$*"; }
files() { mark files "$1"; shift; head -v -c ${FILE_BYTES_MAX} -- "$@" 2>/dev/null; }
run() { place=$1; name=$2; shift 2; command -v "$1" >/dev/null 2>&1 || return 0
  mark command "$place" "$name"; "$@" 2>/dev/null | head -n ${SOCKET_LINES_MAX}; }
listing() { for folder; do [ -d "$folder" ] && { mark list "$folder"; ls -1 "$folder"; }; done; }
# Naming owners walks the descriptors of every process: only where they are few.
owners=$(awk '$1 <= 100000 { print "p" }' /proc/sys/fs/file-nr 2>/dev/null)
pids=$(printf '%s\\n' ${pids.join(' ')} ${owners} | grep -E '^[0-9]+$' | sort -un | head -n 64)
interfaces=$(ls -1 /sys/class/net 2>/dev/null | head -n 256)
kernel_threads=$(grep -l '^ksoftirqd/' /proc/[0-9]*/comm 2>/dev/null | sed 's/comm$/stat/')
cgroup_files() { for pid in $pids; do
  while IFS=: read -r _ names path; do
    for name in $(printf '%s' "$names" | tr , ' ') ''; do
      for file in ${CGROUP_FILES.replaceAll('\n', ' ')}; do
        [ -r "/sys/fs/cgroup/$name$path/$file" ] && printf '%s\\n' "/sys/fs/cgroup/$name$path/$file"
      done
    done
  done < "/proc/$pid/cgroup"
done 2>/dev/null | sed 's#//*#/#g' | grep -v ' ' | sort -u; }
`
}

const TRANSIENT_FILTER = TRANSIENT_STATES.map((state) => `state ${state}`).join(' ')
const OWNED_FILTER = OWNED_STATES.map((state) => `state ${state}`).join(' ')

/** Everything that moves, read twice. */
const SAMPLE_LINES = `sample() {
  set -- "$1" ${MOVING.replaceAll('\n', ' ')} $kernel_threads $(cgroup_files)
  for pid in $pids; do set -- "$@" /proc/$pid/status /proc/$pid/task/*/stat; done
  files "$@"
  for pid in $pids; do mark size "$1" "/proc/$pid/fd"; stat -c %s "/proc/$pid/fd" 2>/dev/null; done
  run "$1" ss-listeners ss -Htnme$owners state listening
  run "$1" ss-transient ss -Htanoe$owners ${TRANSIENT_FILTER}
  [ -n "$pids" ] && [ -n "$owners" ] && run "$1" ss-owned ss -Htanp ${OWNED_FILTER}
  run "$1" tc-qdisc tc -s qdisc show
  for name in $interfaces; do
    [ -d "/sys/class/net/$name/device" ] && run "$1" "ethtool-S-$name" ethtool -S "$name"
  done
}
`

/** What does not move, without secrets. */
const STANDING_LINES = `sample before
set --
for file in ${STANDING.replaceAll('\n', ' ')}; do
  case $file in *_key|*stable_secret|*hmac*) ;; *) set -- "$@" "$file" ;; esac
done
for key in $(cat /etc/sysctl.conf /etc/sysctl.d/*.conf \\
  /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf \\
  2>/dev/null | sed -n 's/^ *-\\{0,1\\} *\\([a-z][A-Za-z0-9_.-]*\\) *=.*/\\1/p' |
  tr . / | sort -u); do
  case $key in *_key|*stable_secret|*hmac*|*core_pattern|*modprobe|*random*) ;;
    *) set -- "$@" "/proc/sys/$key" ;; esac
done
for pid in $pids; do
  set -- "$@" /proc/$pid/limits /proc/$pid/oom_score_adj /proc/$pid/comm /proc/$pid/cgroup
done
files before "$@"
`

/** Folders, links and commands, then the window and the second sample. */
function deviceLines({ windowMs, ports }: RemoteRequest): string {
  const owners =
    ports.length === 0 ? '' : '[ -n "$owners" ] && run before ss-owners ss -Htnp state listening\n'
  const seconds = (windowMs / 1_000).toFixed(2)
  const wholeSeconds = Math.max(1, Math.round(windowMs / 1_000))
  return `listing /sys/class/net/*/queues /sys/class/net/*/device
for folder in /sys/class/net/*; do
  for irqs in "$folder/device/msi_irqs" "$folder/device/../msi_irqs"; do
    [ -d "$irqs" ] && { mark list "$folder/device/msi_irqs"; ls -1 "$irqs"; break; }
  done
done
for link in /proc/self/ns/net /proc/1/ns/net /proc/self/ns/pid /proc/1/ns/pid \\
  /sys/class/net/*/device/driver; do
  [ -L "$link" ] && { mark link "$link"; readlink "$link" 2>/dev/null; }
done
for name in $interfaces; do
  [ -d "/sys/class/net/$name/device" ] || continue
  run before "ethtool-l-$name" ethtool -l "$name"
  run before "ethtool-g-$name" ethtool -g "$name"
done
run before ip-route ip route show
run before ip-address ip -o address show
${owners}run before ss-time-wait ss -Htan state time-wait
run before ss-established sh -c 'ss -Htnoim state established | head -n 4000'
run before dmesg dmesg
run before timedatectl timedatectl show -p NTPSynchronized --value
run before chronyc-tracking chronyc -c tracking
run before systemd-detect-virt systemd-detect-virt
sleep ${seconds} 2>/dev/null || sleep ${wholeSeconds}
sample after
mark end
`
}
