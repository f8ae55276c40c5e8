import { describe, expect, it } from 'vitest'
import { spuriousShare } from '../../src/doctor/spurious-share.ts'
import { factsWith } from './facts-builder.ts'

const share = (repeated: number, needless: number) =>
  spuriousShare(
    factsWith({
      counters: { 'Tcp.RetransSegs': [0, repeated], 'TcpExt.TCPDSACKRecv': [0, needless] },
    }),
  )

describe('the share of needless retransmits', () => {
  it('is duplicate SACKs over retransmits, and never above one', () => {
    expect(share(8_213, 8_211)).toMatchObject({ known: true, value: 8_211 / 8_213 })
    expect(share(10, 25)).toMatchObject({ known: true, value: 1 })
    expect(share(10, 0)).toMatchObject({ known: true, value: 0 })
  })

  it('is unknown where nothing was sent again, or a counter is missing', () => {
    expect(share(0, 5).known).toBe(false)
    expect(spuriousShare(factsWith()).known).toBe(false)
    expect(spuriousShare(factsWith({ counters: { 'Tcp.RetransSegs': [0, 5] } })).known).toBe(false)
  })
})
