import { describe, expect, it } from 'vitest'
import { CLOSE_REASON } from '../../src/engine/socket-engine.ts'
import { causeOfClose } from '../../src/loadgen/failure-causes.ts'

describe('cause of a close', () => {
  it('is the name of the errno where there is one', () => {
    expect(causeOfClose(CLOSE_REASON.CONNECT_FAILED, 111)).toBe('ECONNREFUSED')
    expect(causeOfClose(CLOSE_REASON.PEER_RESET, 0)).toBe('ECONNRESET')
    expect(causeOfClose(CLOSE_REASON.PEER_END, 0)).toBe('peer-end')
  })
})
