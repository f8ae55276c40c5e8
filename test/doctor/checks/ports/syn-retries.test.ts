import { describe, expect, it } from 'vitest'
import { portsSynRetries } from '../../../../src/doctor/checks/ports/syn-retries.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const statusWith = (repeated: number, opens: number) =>
  findingOfCheck(
    portsSynRetries,
    factsWith({
      counters: {
        'TcpExt.TCPSynRetrans': [7, 7 + repeated],
        'Tcp.ActiveOpens': [100, 100 + opens],
      },
    }),
    { role: 'loadgen' },
  ).status

describe('ports/syn-retries', () => {
  it.each([
    [0, 10_000, 'ok'],
    [50, 10_000, 'ok'],
    [100, 10_000, 'warn'],
    [500, 10_000, 'critical'],
    [1, 3, 'info'],
  ])('judges %i repeats for %i connects as %s', (repeated, opens, status) => {
    expect(statusWith(repeated, opens)).toBe(status)
  })
})
