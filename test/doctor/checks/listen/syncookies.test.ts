import { describe, expect, it } from 'vitest'
import { listenSyncookies } from '../../../../src/doctor/checks/listen/syncookies.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

describe('listen/syncookies', () => {
  it('wants cookies only when the queue is full', () => {
    const statuses = [0, 1, 2].map(
      (value) =>
        findingOfCheck(
          listenSyncookies,
          factsWith({ sysctls: { 'net.ipv4.tcp_syncookies': value } }),
        ).status,
    )
    expect(statuses).toEqual(['warn', 'ok', 'warn'])
  })

  it('is unknown without the setting', () => {
    expect(findingOfCheck(listenSyncookies, factsWith()).status).toBe('unknown')
  })
})
