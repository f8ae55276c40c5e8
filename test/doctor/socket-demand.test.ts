import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { known } from '../../src/doctor/fact.ts'
import { parseProtocols } from '../../src/doctor/parsers/protocols.ts'
import { parseSlabinfo } from '../../src/doctor/parsers/slabinfo.ts'
import {
  bytesText,
  kernelCostPerConnection,
  socketsHeld,
  tcpPagesNeeded,
} from '../../src/doctor/socket-demand.ts'
import { factsWith, targetWith } from './facts-builder.ts'

const SLABINFO = `slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables
TCPv6                 26     26   2496   13    8 : tunables    0    0    0 : slabdata      2
TCP                   65    117   2368   13    8 : tunables    0    0    0 : slabdata      9
filp                1040   1302    384   21    2 : tunables    0    0    0 : slabdata     62
`
const PROTOCOLS = `protocol  size sockets  memory press maxhdr  slab module     cl co
TCPv6     2432      3      10   no     192   yes  kernel      y  y
TCP       2304  30002     295   no     192   yes  kernel      y  y
`
const withSlabs = factsWith({
  host: { slabs: known(parseSlabinfo(SLABINFO)!, '/proc/slabinfo') },
})
const withProtocols = factsWith({
  sample: { protocols: known(parseProtocols(PROTOCOLS)!, '/proc/net/protocols') },
})
const onKernel = (release: string) =>
  factsWith({ host: { kernelRelease: known(release, '/proc/sys/kernel/osrelease') } })

describe('kernel memory of a connection', () => {
  it('is 4.2 KB for a server and 4.4 KB where connections are dialled, without any slab table', () => {
    const cost = kernelCostPerConnection(factsWith(), targetWith({ role: 'server' }))
    expect(cost).toMatchObject({ bytes: 4_200, basis: 'constants' })
    expect(kernelCostPerConnection(factsWith(), targetWith({ role: 'loadgen' })).bytes).toBe(4_400)
  })

  it('takes what slabs really cost, the waste included, where slabinfo can be read', () => {
    const cost = kernelCostPerConnection(withSlabs, targetWith({ role: 'server' }))
    expect(cost.basis).toBe('slabinfo')
    // A filp of 391 bytes instead of 195.
    expect(cost.bytes).toBe(4_400)
  })

  it('works out the slab of a TCP object from its size in /proc/net/protocols', () => {
    const cost = kernelCostPerConnection(withProtocols, targetWith({ role: 'server' }))
    expect(cost).toMatchObject({ bytes: 4_200, basis: 'protocols' })
  })
})

describe('pages of TCP memory', () => {
  it('cost a page for each connection on kernels that keep one, a twentieth on later ones', () => {
    const target = targetWith({ connections: 1_000_000, dirtySockets: 0 })
    expect(tcpPagesNeeded(onKernel('5.15.85'), target).pages).toBe(1_050_000)
    expect(tcpPagesNeeded(onKernel('6.1.192-deb'), target).pages).toBe(52_500)
  })

  it('assume the costlier kernel where the release is not known', () => {
    const target = targetWith({ connections: 100, dirtySockets: 0 })
    expect(tcpPagesNeeded(factsWith(), target).pages).toBe(105)
  })

  it('come to 1.10 million for a broadcast of 512 bytes to a million', () => {
    const target = targetWith({
      connections: 1_000_000,
      dirtySockets: 1_000_000,
      messageBytes: 512,
    })
    expect(tcpPagesNeeded(onKernel('6.12.117'), target).pages).toBe(1_102_500)
  })

  it('take a second page for a message from 2,797 bytes on', () => {
    const pages = (messageBytes: number) =>
      tcpPagesNeeded(
        onKernel('6.12.0'),
        targetWith({ connections: 1_000, dirtySockets: 1_000, messageBytes }),
      ).pages
    expect(pages(2_796)).toBe(1_103)
    expect(pages(2_797)).toBe(2_153)
  })

  it('never shrink when a target grows', () => {
    const count = fc.integer({ min: 1, max: 4_000_000 })
    fc.assert(
      fc.property(count, count, fc.integer({ min: 0, max: 100_000 }), (n, more, messageBytes) => {
        const of = (connections: number) =>
          tcpPagesNeeded(
            onKernel('6.6.9'),
            targetWith({ connections, dirtySockets: connections, messageBytes }),
          ).pages
        expect(of(n + more)).toBeGreaterThan(of(n))
        expect(of(n)).toBeGreaterThanOrEqual(1.1 * n)
      }),
    )
  })
})

describe('sockets held', () => {
  it('are twice the connections where both ends live on the host', () => {
    expect(socketsHeld(targetWith({ connections: 500, role: 'server' }))).toBe(500)
    expect(socketsHeld(targetWith({ connections: 500, role: 'both' }))).toBe(1_000)
  })
})

describe('bytes for people', () => {
  it('change unit before they would show four digits', () => {
    const texts = [0, 999, 1_000, 4_200, 999_499, 999_600, 4_200_000_000, 2.4e12].map(bytesText)
    expect(texts).toEqual(['0 B', '999 B', '1 KB', '4.2 KB', '999 KB', '1 MB', '4.2 GB', '2.4 TB'])
  })
})
