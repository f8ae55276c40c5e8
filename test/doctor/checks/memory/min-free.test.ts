import { describe, expect, it } from 'vitest'
import { memoryMinFree } from '../../../../src/doctor/checks/memory/min-free.ts'
import { known } from '../../../../src/doctor/fact.ts'
import { type FactsOptions, factsWith, findingOfCheck } from '../../facts-builder.ts'

const withDrops = (drops: number | readonly [number, number], options: FactsOptions = {}) =>
  factsWith({
    counters: { 'TcpExt.PFMemallocDrop': drops },
    sysctls: { 'vm.watermark_scale_factor': 10, 'vm.min_free_kbytes': 67_584 },
    ...options,
  })

const logged = (text: string) => known([{ kind: 'pageAllocation' as const, text }], 'dmesg')

describe('memory/min-free', () => {
  it('is ok without drops, whatever the reserve', () => {
    expect(findingOfCheck(memoryMinFree, withDrops(0))).toMatchObject({
      status: 'ok',
      settings: [],
    })
    const tiny = { sysctls: { 'vm.min_free_kbytes': 128 } }
    expect(findingOfCheck(memoryMinFree, withDrops(0, tiny)).status).toBe('ok')
  })

  it('warns when packets are dropped now, and lets reclaim start earlier', () => {
    const finding = findingOfCheck(memoryMinFree, withDrops([5, 9]))
    expect(finding.status).toBe('warn')
    expect(finding.fix_now).toBe('sysctl -w vm.watermark_scale_factor=50')
  })

  it('proposes nothing where reclaim starts early already', () => {
    const wide = { sysctls: { 'vm.watermark_scale_factor': 100 } }
    expect(findingOfCheck(memoryMinFree, withDrops([5, 9], wide)).settings).toEqual([])
  })

  it('is information when the drops are old', () => {
    expect(findingOfCheck(memoryMinFree, withDrops(9)).status).toBe('info')
  })

  it('warns of failed atomic allocations in the kernel log, not of others', () => {
    const atomic = 'swapper/0: page allocation failure: order:0, mode:0x820(GFP_ATOMIC)'
    const bits = 'swapper/0: page allocation failure: order:0, mode:0x20'
    const patient = 'node: page allocation failure: order:9, mode:0xcc0(GFP_KERNEL)'
    const status = (text: string) =>
      findingOfCheck(memoryMinFree, withDrops(0, { kernelLog: logged(text) })).status
    expect([status(atomic), status(bits), status(patient)]).toEqual(['warn', 'warn', 'ok'])
  })

  it('shows how often programs had to find memory themselves', () => {
    const vmstat = (normal: number) =>
      known({ allocstall_normal: normal, allocstall_dma: 1 }, '/proc/vmstat')
    const facts = withDrops(0, { before: { vmstat: vmstat(3) }, after: { vmstat: vmstat(8) } })
    const { evidence } = findingOfCheck(memoryMinFree, facts)
    expect(evidence.join('\n')).toContain('allocstall +5')
  })

  it('is unknown where the kernel has no such counter', () => {
    expect(findingOfCheck(memoryMinFree, factsWith()).status).toBe('unknown')
  })
})
