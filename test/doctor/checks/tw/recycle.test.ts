import { describe, expect, it } from 'vitest'
import { twRecycle } from '../../../../src/doctor/checks/tw/recycle.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'

describe('tw/recycle', () => {
  it('is critical on a server and a warning on a generator when on', () => {
    const facts = factsWith({ sysctls: { 'net.ipv4.tcp_tw_recycle': 1 } })
    expect(findingOfCheck(twRecycle, facts).status).toBe('critical')
    expect(findingOfCheck(twRecycle, facts).why).toContain('NAT')
    expect(findingOfCheck(twRecycle, facts, { role: 'loadgen' }).status).toBe('warn')
    expect(findingOfCheck(twRecycle, facts, { role: 'both' }).status).toBe('critical')
  })

  it('is ok when off, and when the kernel no longer has it', () => {
    const off = factsWith({ sysctls: { 'net.ipv4.tcp_tw_recycle': 0 } })
    expect(findingOfCheck(twRecycle, off).status).toBe('ok')
    const gone = factsWith({
      sysctls: { 'net.ipv4.tcp_tw_reuse': 2 },
      host: { kernelRelease: known('6.18.44', '/proc/sys/kernel/osrelease') },
    })
    expect(findingOfCheck(twRecycle, gone).status).toBe('ok')
  })

  it('is unknown when the folder was not read, or the kernel is old enough to have it', () => {
    expect(findingOfCheck(twRecycle, factsWith()).status).toBe('unknown')
    const old = factsWith({
      sysctls: { 'net.ipv4.tcp_tw_reuse': 0 },
      host: { kernelRelease: known('3.10.0-1160.el7', '/proc/sys/kernel/osrelease') },
    })
    expect(findingOfCheck(twRecycle, old).status).toBe('unknown')
  })
})
