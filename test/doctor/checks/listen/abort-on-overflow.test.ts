import { describe, expect, it } from 'vitest'
import { listenAbortOnOverflow } from '../../../../src/doctor/checks/listen/abort-on-overflow.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

const findingWith = (value: number) =>
  findingOfCheck(
    listenAbortOnOverflow,
    factsWith({ sysctls: { 'net.ipv4.tcp_abort_on_overflow': value } }),
  )

describe('listen/abort-on-overflow', () => {
  it('wants no reset on overflow', () => {
    expect(findingWith(0).status).toBe('ok')
    expect(findingWith(1)).toMatchObject({
      status: 'warn',
      fix_now: 'sysctl -w net.ipv4.tcp_abort_on_overflow=0',
    })
  })

  it('is unknown without the setting', () => {
    expect(findingOfCheck(listenAbortOnOverflow, factsWith()).status).toBe('unknown')
  })
})
