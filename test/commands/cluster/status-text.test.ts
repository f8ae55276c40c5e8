import { expect, it } from 'vitest'
import { statusDocument, statusText } from '../../../src/commands/cluster/status-text.ts'
import { nodeRecord } from './node-records.ts'

const NOW_MS = 400_000_000
const NODES = [
  nodeRecord('a', {
    ...{ site: 'fra', devicesOnline: 600, load: 0.8, sentPerSecond: 12_345 },
    startedAtMs: NOW_MS - 93_784_000,
  }),
  nodeRecord('b', {
    ...{ site: 'ams', devicesOnline: 200, load: 0.2, startedAtMs: NOW_MS - 65_000 },
    ...{ version: '1.3.0', state: 'draining', drain: { devicesLeft: 200, perSecond: 50 } },
  }),
  nodeRecord('c', { site: 'fra', devicesOnline: 400, load: 0.4, startedAtMs: NOW_MS }),
]

it('shows nodes, sites, their sum, versions and drains', () => {
  expect(statusText(NODES, NOW_MS)).toMatchInlineSnapshot(`
    "NODE   SITE  STATE      DEVICES  FULL  LOAD  MSG/s  VERSION     UP  DRAIN
    a      fra   ready          600   60%   80%  12.3k  1.2.0    1d 2h
    b      ams   draining       200   20%   20%      0  1.3.0    1m 5s  200 left, 50/s
    c      fra   ready          400   40%   40%      0  1.2.0       0s
    site   ams   0/1 ready      200   20%            0
    site   fra   2/2 ready    1,000   50%        12.3k
    total        2/3 ready    1,200   40%        12.3k
    versions: 1.2.0 on 2, 1.3.0 on 1
    fullest node: 20% above its fair share"
  `)
})

it('says that there is no node, and shows one without a sum', () => {
  expect(statusText([], NOW_MS)).toBe('no node holds a lease')
  expect(statusText([NODES[2]!], NOW_MS).split('\n')).toHaveLength(2)
})

it('has the same facts in its document', () => {
  expect(statusDocument(NODES, NOW_MS)).toMatchObject({
    schema: 'pushctl.cluster/1',
    time: '1970-01-05T15:06:40.000Z',
    nodes: [{ name: 'a' }, { name: 'b', drain: { devicesLeft: 200 } }, { name: 'c' }],
    total: { nodes: 3, ready: 2, draining: 1, fenced: 0, devicesOnline: 1_200 },
    sites: [
      { site: 'ams', nodes: 1 },
      { site: 'fra', nodes: 2, devicesOnline: 1_000 },
    ],
    versions: { '1.2.0': 2, '1.3.0': 1 },
    skew: expect.closeTo(0.2),
  })
})

it('lets no control character of a record through', () => {
  const node = nodeRecord('a', { site: '\u001b[31mred\n', version: '1\r2' })
  expect(statusText([node], NOW_MS)).not.toMatch(/[\u001b\r]/)
})
