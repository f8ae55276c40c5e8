import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  parseCpuTicks,
  parseSnmp,
  parseSockstat,
  parseSoftnet,
} from '../../src/stats/kernel-tables.ts'

const SOCKSTAT = `sockets: used 30019
TCP: inuse 30002 orphan 0 tw 15001 alloc 30002 mem 295
UDP: inuse 0 mem 0
FRAG: inuse 0 memory 0
`
const SNMP = `Tcp: RtoAlgorithm RtoMin MaxConn CurrEstab OutSegs RetransSegs
Tcp: 1 200 -1 30000 212100 7
Udp: InDatagrams InCsumErrors
Udp: 3 0
`
const SOFTNET = `01780f8f 00000fa2 00000014 ${'00000000 '.repeat(9)}00000000 00000000 00000000
01270a09 fffffff0 00000010 ${'00000000 '.repeat(9)}00000003 00000000 00000000
`
const STAT = `cpu  2644 1 1457 271439 206 2 36 8 100 0
cpu0 885 0 570 136405 14 0 11 2 0 0
intr 1 2 3
`

test('sockstat is read by group and name', () => {
  expect(Object.fromEntries(parseSockstat(SOCKSTAT))).toMatchObject({
    'TCP.tw': 15_001,
    'TCP.mem': 295,
    'UDP.inuse': 0,
    'sockets.used': 30_019,
  })
})

test('snmp values are found by name, and equal names in two groups stay apart', () => {
  expect(Object.fromEntries(parseSnmp(SNMP))).toEqual({
    'Tcp.RtoAlgorithm': 1,
    'Tcp.RtoMin': 200,
    'Tcp.MaxConn': -1,
    'Tcp.CurrEstab': 30_000,
    'Tcp.OutSegs': 212_100,
    'Tcp.RetransSegs': 7,
    'Udp.InDatagrams': 3,
    'Udp.InCsumErrors': 0,
  })
})

test('a group whose line of values was cut short is left out, the others are read', () => {
  const cut = SNMP.replace('30000 212100 7', '30000 21')
  expect(Object.fromEntries(parseSnmp(cut))).toEqual({
    'Udp.InDatagrams': 3,
    'Udp.InCsumErrors': 0,
  })
  expect(parseSnmp('Tcp: OutSegs RetransSegs\n').size).toBe(0)
})

test('softnet rows are known by their cpu column, or by their line on kernels without it', () => {
  expect(parseSoftnet(SOFTNET)).toEqual([
    { cpu: 0, packets: 0x1780f8f, dropped: 4002, squeezed: 20 },
    { cpu: 3, packets: 0x1270a09, dropped: 0xfffffff0, squeezed: 16 },
  ])
  expect(parseSoftnet('0000000f 00000001 00000002\n00000001 00000000 00000003\n')).toEqual([
    { cpu: 0, packets: 15, dropped: 1, squeezed: 2 },
    { cpu: 1, packets: 1, dropped: 0, squeezed: 3 },
  ])
})

test('softnet text with a cut line is unknown as a whole', () => {
  expect(parseSoftnet(SOFTNET.slice(0, -5))).toBeNull()
  expect(parseSoftnet('')).toBeNull()
})

test('guest time is not counted twice, waiting for disks is idle', () => {
  expect(parseCpuTicks(STAT)).toEqual({
    total: 2644 + 1 + 1457 + 271_439 + 206 + 2 + 36 + 8,
    busy: 2644 + 1 + 1457 + 2 + 36 + 8,
    softirq: 36,
    steal: 8,
  })
  expect(parseCpuTicks('cpu  1 2 3')).toBeNull()
  expect(parseCpuTicks(STAT.slice(5))).toBeNull()
})

test('no parser throws on garbage or yields anything but whole numbers', () => {
  const garbage = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom(SOCKSTAT, SNMP, SOFTNET, STAT), fc.nat(300))
      .map(([text, end]) => text.slice(0, end)),
    fc
      .tuple(fc.constantFrom(SOCKSTAT, SNMP, SOFTNET, STAT), fc.nat(300), fc.string())
      .map(([text, at, noise]) => text.slice(0, at) + noise + text.slice(at + 1)),
  )
  fc.assert(
    fc.property(garbage, (text) => {
      const values = [
        ...parseSockstat(text).values(),
        ...parseSnmp(text).values(),
        ...(parseSoftnet(text) ?? []).flatMap((row) => Object.values(row)),
        ...Object.values(parseCpuTicks(text) ?? {}),
      ]
      for (const value of values) expect(Number.isInteger(value) || value > 2 ** 53).toBe(true)
    }),
    { numRuns: 300 },
  )
})
