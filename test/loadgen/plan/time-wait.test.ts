import { describe, expect, it } from 'vitest'
import {
  parseTimeWaitRoutes,
  portsInTimeWait,
  reuseFrom,
} from '../../../src/loadgen/plan/time-wait.ts'

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1B5A 00000000:0000 0A 00000000:00000005 00:00000000 00000000     0        0 4710653 6 00000000bfbcd759 100 0 0 10 0
   2: 0100007F:1B5A 0200007F:D878 01 00000000:00000000 00:00000000 00000000     0        0 74222 1 000000003a01bd0e 20 4 31 11 -1
1432: 0900000A:8006 0100000A:1B58 06 00000000:00000000 03:00001734 00000000     0        0 0 3 00000000fa76c493
1433: 0900000A:8007 0100000A:1B58 06 00000000:00000000 03:00001734 00000000     0        0 0 3 00000000fa76c493
1434: 0900000A:8008 0100000A:1B59 06 00000000:00000000 03:00001734 00000000     0        0 0 3 00000000fa76c493
1435: 0800000A:8008 0100000A:1B58 06 00000000:00000000 03:00001734 00000000     0        0 0 3 00000000fa76c493
`
const first = { address: '10.0.0.1', port: 7_000 }
const second = { address: '10.0.0.1', port: 7_001 }

describe('ports in TIME_WAIT', () => {
  const routes = parseTimeWaitRoutes(TCP)
  const facts = { total: 4, reuse: 'loopback', routes } as const

  it('are counted by source and destination', () => {
    expect(Object.fromEntries([...routes].map(([from, to]) => [from, [...to]]))).toEqual({
      '10.0.0.9': [
        ['10.0.0.1:7000', 2],
        ['10.0.0.1:7001', 1],
      ],
      '10.0.0.8': [['10.0.0.1:7000', 1]],
    })
    expect(parseTimeWaitRoutes('').size).toBe(0)
  })

  it('matter on the fullest route of the plan', () => {
    expect(portsInTimeWait(facts, [], [first, second])).toBe(2)
    expect(portsInTimeWait(facts, ['10.0.0.8'], [first, second])).toBe(1)
    expect(portsInTimeWait(facts, ['10.0.0.7'], [first])).toBe(0)
    expect(portsInTimeWait(facts, [], [second])).toBe(1)
  })

  it('are all taken for the worst where the routes are not known', () => {
    expect(portsInTimeWait({ ...facts, routes: null }, [], [second])).toBe(4)
    expect(portsInTimeWait(facts, [], [{ address: '2001:db8::1', port: 7_000 }])).toBe(4)
  })

  it('do not matter where the kernel dials them again', () => {
    expect(portsInTimeWait({ ...facts, reuse: 'all' }, [], [first])).toBe(0)
    expect(
      portsInTimeWait({ ...facts, routes: null }, [], [{ address: '127.0.0.1', port: 1 }]),
    ).toBe(0)
  })

  it('are dialled again by the setting, which wants timestamps', () => {
    expect(reuseFrom('0\n', '1\n')).toBe('none')
    expect(reuseFrom('1\n', '1\n')).toBe('all')
    expect(reuseFrom('2\n', '1\n')).toBe('loopback')
    expect(reuseFrom('1\n', '0\n')).toBe('none')
    expect(reuseFrom('', '')).toBe('none')
  })
})
