import { describe, expect, it } from 'vitest'
import { known } from '../../src/doctor/fact.ts'
import { hashSize } from '../../src/doctor/hash-size.ts'
import { factsWith } from './facts-builder.ts'

const withEntries = (entries: number) =>
  hashSize(factsWith({ sysctls: { 'net.ipv4.tcp_ehash_entries': entries } }))

describe('the size of the connection hash', () => {
  it('is the number of the kernel, negative where the table is shared', () => {
    expect(withEntries(262_144)).toMatchObject({ value: { buckets: 262_144, shared: false } })
    expect(withEntries(-262_144)).toMatchObject({ value: { buckets: 262_144, shared: true } })
  })

  it('comes from the boot message on older kernels, and counts as shared unless on the host', () => {
    const text = '[0.6] TCP established hash table entries: 524288 (order: 10, 4194304 bytes)'
    const facts = factsWith({ kernelLog: known([{ kind: 'ehash', text }], 'dmesg') })
    expect(hashSize(facts)).toMatchObject({ value: { buckets: 524_288, shared: true } })
  })

  it('is unknown where neither tells', () => {
    expect(hashSize(factsWith()).known).toBe(false)
    expect(hashSize(factsWith({ kernelLog: known([], 'dmesg') })).known).toBe(false)
    expect(withEntries(0).known).toBe(false)
  })
})
