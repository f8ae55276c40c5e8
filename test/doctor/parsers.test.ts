import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBracketedChoice } from '../../src/doctor/parsers/bracketed-choice.ts'
import { parseCgroupPaths } from '../../src/doctor/parsers/cgroup-paths.ts'
import { parseColumnTable } from '../../src/doctor/parsers/column-table.ts'
import { parseCounterTable } from '../../src/doctor/parsers/counter-table.ts'
import { formatCpuMask, parseCpuList, parseCpuMask } from '../../src/doctor/parsers/cpu-set.ts'
import { parseCpuTimes } from '../../src/doctor/parsers/cpu-times.ts'
import { parseEthtoolLimits, parseEthtoolStatistics } from '../../src/doctor/parsers/ethtool.ts'
import { parseFileNr } from '../../src/doctor/parsers/file-nr.ts'
import { parseInterrupts } from '../../src/doctor/parsers/interrupts.ts'
import { pickKernelLog } from '../../src/doctor/parsers/kernel-log.ts'
import { parseNameValues } from '../../src/doctor/parsers/name-values.ts'
import { delta32, parseDecimal } from '../../src/doctor/parsers/numbers.ts'
import { parsePortRange, parsePortSet, usablePorts } from '../../src/doctor/parsers/port-set.ts'
import { parsePressure } from '../../src/doctor/parsers/pressure.ts'
import { parseProcessLimits } from '../../src/doctor/parsers/process-limits.ts'
import { parseProcessStatus } from '../../src/doctor/parsers/process-status.ts'
import { parsePrometheusText } from '../../src/doctor/parsers/prometheus-text.ts'
import { parseProtocols } from '../../src/doctor/parsers/protocols.ts'
import { parseSlabinfo } from '../../src/doctor/parsers/slabinfo.ts'
import { parseSockstat } from '../../src/doctor/parsers/sockstat.ts'
import { parseSoftirqs } from '../../src/doctor/parsers/softirqs.ts'
import { parseSoftnetStat } from '../../src/doctor/parsers/softnet-stat.ts'
import { detailNumber, socketMemory, timerOf } from '../../src/doctor/parsers/ss-details.ts'
import { parseSsListeners } from '../../src/doctor/parsers/ss-listeners.ts'
import { parseSsSockets } from '../../src/doctor/parsers/ss-sockets.ts'
import { dottedKey, parseSysctlConf, sysctlPath } from '../../src/doctor/parsers/sysctl-conf.ts'
import { parseTcQdisc } from '../../src/doctor/parsers/tc-qdisc.ts'
import { parseThreadStat } from '../../src/doctor/parsers/thread-stat.ts'

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  parseCgroupPaths,
  parseColumnTable,
  parseCounterTable,
  parseCpuList,
  parseCpuMask,
  parseCpuTimes,
  parseEthtoolLimits,
  parseEthtoolStatistics,
  parseFileNr,
  parseInterrupts,
  parseNameValues,
  parsePortRange,
  parsePortSet,
  parsePressure,
  parseProcessLimits,
  parseProcessStatus,
  parsePrometheusText,
  parseProtocols,
  parseSlabinfo,
  parseSockstat: (text) => parseSockstat(text, text),
  parseSoftirqs,
  parseSoftnetStat,
  parseSsListeners,
  parseSsSockets,
  parseSysctlConf,
  parseTcQdisc,
  parseThreadStat,
  pickKernelLog,
}

/** Texts with the words, digits and signs that make parsers take a branch. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom('TCP:', 'TcpExt:', 'cpu0', 'CPU0', 'CPU9', ':', '\n', ' ', '\t', '-', '0x'),
      fc.constantFrom('inuse', 'LISTEN', '[::]:80', '*:*', '99999999999999999999', 'ffffffff'),
      fc.constantFrom('==', '(', ')', 'max', 'unlimited', '__proto__', 'constructor', '\u0000'),
      fc.nat().map(String),
      fc.string(),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(' '))

describe('parsers', () => {
  it('never throw, never answer NaN and never touch a prototype, whatever a host prints', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const [name, parse] of Object.entries(PARSERS)) {
          const holdsNaN = JSON.stringify(parse(text), (_, value) =>
            typeof value === 'number' && Number.isNaN(value) ? 'NaN!' : value,
          )?.includes('NaN!')
          expect(holdsNaN ?? false, name).toBe(false)
        }
        expect(({} as Record<string, unknown>).inuse).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  it('take numbers only when they are exact', () => {
    expect(parseDecimal('9007199254740993')).toBeNull()
    expect(parseDecimal('1e3')).toBeNull()
    expect(parseDecimal('-1')).toBe(-1)
    expect(delta32(0xffff_fff0, 0x10)).toBe(0x20)
  })

  it('read counters by name in any order and on any number of groups', () => {
    const text = 'Tcp: MaxConn B\nTcp: -1 7\nTcpExt: TW Ovf\nTcpExt: 3 4\n'
    expect(parseCounterTable(text)).toEqual({
      'Tcp.MaxConn': -1,
      'Tcp.B': 7,
      'TcpExt.TW': 3,
      'TcpExt.Ovf': 4,
    })
    expect(parseCounterTable('TcpExt: A B\nTcpExt: 1\n')).toBeNull()
    expect(parseCounterTable('TcpExt: A\nIpExt: 1\n')).toBeNull()
    expect(parseCounterTable('TcpExt: A\n')).toBeNull()
  })

  it('read sockstat with and without IPv6', () => {
    const text =
      'sockets: used 30019\nTCP: inuse 30002 orphan 0 tw 15001 alloc 30002 mem 295\nUDP: inuse 0 mem 0\n'
    expect(parseSockstat(text, 'TCP6: inuse 6002\n')).toMatchObject({
      tcpInUse: 30_002,
      tcp6InUse: 6_002,
      timeWait: 15_001,
      tcpMemoryPages: 295,
    })
    expect(parseSockstat(text, '')?.tcp6InUse).toBe(0)
    expect(parseSockstat('sockets: used 1\nTCP: inuse 1 orphan', '')).toBeNull()
  })

  it('read softnet_stat of 10, 11, 13 and 15 columns', () => {
    const row = (columns: number) => Array.from({ length: columns }, (_, i) => `0000000${i % 10}`)
    for (const columns of [10, 11, 13, 15]) {
      const [parsed] = parseSoftnetStat(`${row(columns).join(' ')}\n`) ?? []
      expect(parsed).toMatchObject({ processed: 0, dropped: 1, timeSqueeze: 2 })
      expect(parsed?.cpu).toBe(columns >= 13 ? 2 : 0)
      expect(parsed?.backlogLength).toBe(columns >= 13 ? 1 : null)
    }
    expect(parseSoftnetStat('zz 1 2')).toBeNull()
  })

  it('read CPU times, softirqs and interrupts with gaps among the CPUs', () => {
    expect(
      parseCpuTimes('cpu  1 1\ncpu0 20321 719 19961 120647 124 0 6096 97 0 0\nintr 5\n'),
    ).toMatchObject([{ cpu: 0, user: 21_040, softirq: 6_096, steal: 97, idle: 120_771 }])
    expect(parseSoftirqs('     CPU0  CPU2\nNET_RX: 5 7\n')).toEqual({
      cpus: [0, 2],
      counts: { NET_RX: [5, 7] },
    })
    const interrupts = parseInterrupts(
      '   CPU0  CPU2\n 38:  0  2108 PCI-MSIX-0000:00:03.0 1-edge virtio2-input.0\nNMI: 0 0 x\nERR: 0\n',
    )
    expect(interrupts).toEqual([
      { irq: 38, countByCpu: { 0: 0, 2: 2_108 }, name: 'virtio2-input.0' },
    ])
  })

  it('sum the columns of CPUs, but not the total that each repeats', () => {
    const text =
      'entries  clashres drop early_drop\n00000010 00000001 00000002 00000003\n00000010 00000001 00000002 00000003\n'
    expect(parseColumnTable(text)).toEqual({ entries: 16, clashres: 2, drop: 4, early_drop: 6 })
  })

  it('read limits, status and thread times of processes with odd names', () => {
    const limits = parseProcessLimits(
      'Limit                     Soft Limit           Hard Limit           Units     \n' +
        'Max open files            20000                1048576              files     \n' +
        'Max nice priority         0                    0                    \n' +
        'Max processes             unlimited            unlimited            processes \n',
    )
    expect(limits?.['Max open files']).toEqual({ soft: 20_000, hard: 1_048_576 })
    expect(limits?.['Max processes']?.soft).toBe(Number.POSITIVE_INFINITY)
    expect(parseProcessStatus('Name:\ta b)\nThreads:\t3\nVmSwap:\t 12 kB\n')).toMatchObject({
      name: 'a b)',
      threads: 3,
      swapBytes: 12_288,
    })
    const stat = '77 (od (d) 1) S 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 999 0 0 0'
    expect(parseThreadStat(`${stat} 0 0 0 0 0 0 0 0 0 0 0 0 17 6 0 0`)).toMatchObject({
      tid: 77,
      name: 'od (d) 1',
      cpuTicks: 200,
      startTicks: 999,
      lastCpu: 6,
    })
  })

  it('read protocols, slabs and file-nr', () => {
    const protocols = parseProtocols(
      'protocol  size sockets  memory press maxhdr  slab module\n' +
        'TCP       2304  30002     295   no     192   yes  kernel\nPACKET 1600 0 -1 NI 0 no kernel\n',
    )
    expect(protocols?.[0]).toMatchObject({ name: 'TCP', objectBytes: 2_304, underPressure: false })
    expect(protocols?.[1]?.underPressure).toBeNull()
    const slabs = parseSlabinfo(
      'slabinfo - version: 2.1\n# name\nTCP 10 13 2368 13 8 : tunables 0 0 0 : slabdata 1 1 0\n',
    )
    expect(slabs?.TCP).toMatchObject({ active: 10, bytesEach: 2_521 })
    expect(parseFileNr('30753\t0\t2466177\n')).toEqual({ allocated: 30_753, max: 2_466_177 })
    expect(parseFileNr('992\t0\t9223372036854775807\n')?.max).toBe(Number.MAX_SAFE_INTEGER)
  })

  it('read ss with and without the column of states, folded or not', () => {
    const listening = parseSsListeners(
      'LISTEN 5  4   127.0.0.1:7002  0.0.0.0:*  users:(("node",pid=7,fd=20),("node",pid=8,fd=20)) ino:9 sk:1 cgroup:/a.service <->\n\t skmem:(r0,rb131072,t0,tb16384,f0,w0,o0,bl0,d60)\n',
    )
    expect(listening).toMatchObject([
      { port: 7_002, queued: 5, backlog: 4, drops: 60, inode: 9, cgroup: '/a.service' },
    ])
    expect(listening?.[0]?.owners.map(({ pid }) => pid)).toEqual([7, 8])
    const { rows, unreadableLines } = parseSsSockets(
      '0     1   127.0.0.1:42168 [::ffff:10.0.0.1]:7002  timer:(on,048ms,3) rto:1000 rtt:0.5/0.2\nnonsense\n',
      'SYN-SENT',
    )
    expect(unreadableLines).toBe(1)
    expect(rows).toMatchObject([{ state: 'SYN-SENT', peerAddress: '10.0.0.1', sendQueue: 1 }])
    expect(timerOf(rows[0]!)).toEqual({ kind: 'on', retries: 3 })
    expect(detailNumber(rows[0]!, 'rtt')).toBe(0.5)
    expect(socketMemory(rows[0]!, 'd')).toBeNull()
  })

  it('read sets of CPUs and ports, and write masks that read back the same', () => {
    expect(parseCpuList('0-2,8\n')).toEqual([0, 1, 2, 8])
    expect(parseCpuList('5-2')).toBeNull()
    expect(parseCpuList('0-999999999')).toBeNull()
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 300 }), { minLength: 1 }), (cpus) => {
        expect(parseCpuMask(formatCpuMask(cpus))).toEqual([...cpus].sort((a, b) => a - b))
      }),
    )
    expect(parsePortRange('32768\t60999\n')).toEqual({ low: 32_768, high: 60_999 })
    expect(parsePortRange('1 70000')).toBeNull()
    expect(usablePorts({ low: 10, high: 19 }, parsePortSet('12,15-17,30\n') ?? [])).toBe(6)
  })

  it('read sysctl.d in every style that systemd takes', () => {
    const text =
      '# c\n; c\nnet.core.somaxconn=1\n-net/ipv4/tcp_mem = 1\t2  3 \nnet/ipv4/conf/eth0.100/rp_filter = 1\nbroken\n'
    expect(parseSysctlConf(text)).toEqual([
      { key: 'net.core.somaxconn', value: '1', line: 3, ignoreMissing: false },
      { key: 'net.ipv4.tcp_mem', value: '1 2 3', line: 4, ignoreMissing: true },
      { key: 'net.ipv4.conf.eth0/100.rp_filter', value: '1', line: 5, ignoreMissing: false },
    ])
    expect(sysctlPath(dottedKey('net/ipv4/conf/eth0.100/rp_filter'))).toBe(
      '/proc/sys/net/ipv4/conf/eth0.100/rp_filter',
    )
  })

  it('read control groups, choices, pressure, queueing disciplines and ethtool', () => {
    expect(parseCgroupPaths('4:memory:/a\n1:cpu,cpuacct:/b\n0::/c\n')).toEqual({
      unified: '/c',
      byController: { memory: '/a', cpu: '/b', cpuacct: '/b' },
    })
    expect(parseBracketedChoice('always [madvise] never\n')).toBe('madvise')
    expect(
      parsePressure(
        'some avg10=1.50 avg60=0.00 avg300=0.00 total=7\nfull avg10=0.25 avg60=0 total=1\n',
      ),
    ).toEqual({ someAvg10: 1.5, fullAvg10: 0.25, someTotalUs: 7 })
    expect(
      parseTcQdisc(
        'qdisc pfifo_fast 0: dev eth0 root refcnt 2 bands 3\n Sent 1 bytes 1 pkt (dropped 3, overlimits 0 requeues 2)\n',
      ),
    ).toEqual([
      { kind: 'pfifo_fast', device: 'eth0', root: true, dropped: 3, overlimits: 0, requeues: 2 },
    ])
    expect(parseEthtoolStatistics('NIC statistics:\n     rx_queue_0_drops: 5\n')).toEqual({
      rx_queue_0_drops: 5,
    })
    expect(
      parseEthtoolLimits(
        'Channel parameters for eth0:\nPre-set maximums:\nCombined:\t8\nCurrent hardware settings:\nRX:\tn/a\nCombined:\t2\n',
      ),
    ).toEqual({ max: { Combined: 8 }, now: { Combined: 2 } })
  })

  it('keep the newest lines of the kernel log that a check knows', () => {
    const flood = Array.from({ length: 50 }, (_, i) => `[${i}] TCP: too many orphaned sockets`)
    const picked = pickKernelLog(
      ['nf_conntrack: nf_conntrack: table full, dropping packet', 'noise', ...flood].join('\n'),
    )
    expect(picked[0]?.kind).toBe('conntrackFull')
    expect(picked).toHaveLength(21)
    expect(picked.at(-1)?.text).toContain('[49]')
  })
})
