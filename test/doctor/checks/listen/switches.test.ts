import { describe, expect, it } from 'vitest'
import { listenAbortOnOverflow } from '../../../../src/doctor/checks/listen/abort-on-overflow.ts'
import { listenSyncookies } from '../../../../src/doctor/checks/listen/syncookies.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

describe('listen/syncookies and listen/abort-on-overflow', () => {
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

  it('wants no reset on overflow', () => {
    const withValue = (value: number) =>
      findingOfCheck(
        listenAbortOnOverflow,
        factsWith({ sysctls: { 'net.ipv4.tcp_abort_on_overflow': value } }),
      )
    expect(withValue(0).status).toBe('ok')
    expect(withValue(1)).toMatchObject({
      status: 'warn',
      fix_now: 'sysctl -w net.ipv4.tcp_abort_on_overflow=0',
    })
  })

  it('is unknown without the settings', () => {
    expect(findingOfCheck(listenSyncookies, factsWith()).status).toBe('unknown')
    expect(findingOfCheck(listenAbortOnOverflow, factsWith()).status).toBe('unknown')
  })
})
