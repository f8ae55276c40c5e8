import { describe, expect, it } from 'vitest'
import { targetFailure } from '../../src/loadgen/target-failure.ts'

describe('a run without any connection', () => {
  const row = (phase: string, cause: string) => ({
    phase,
    cause,
    count: 20,
    firstUs: 0,
    source: '',
    sample: '',
  })

  it.each([
    ['connect', 'ECONNREFUSED', 'PUSHCTL_TARGET_UNREACHABLE', 4],
    ['connect', 'EADDRNOTAVAIL', 'PUSHCTL_PORTS', 3],
    ['connect', 'EMFILE', 'PUSHCTL_DESCRIPTORS', 3],
    ['upgrade', 'http 404', 'PUSHCTL_TARGET_REFUSED', 4],
    ['hello', 'bye 4003 unauthorized', 'PUSHCTL_TARGET_REFUSED', 4],
    ['hello', 'unknown-type', 'PUSHCTL_TARGET_PROTOCOL', 4],
    ['hello', 'timeout', 'PUSHCTL_TARGET_PROTOCOL', 4],
  ])('that failed in %s with %s is %s', (phase, cause, code, exitCode) => {
    const error = targetFailure(20, row(phase, cause), ['tcp://h:1'])
    expect(error).toMatchObject({ code, exitCode })
    expect(error.why).toBe(`all of the first 20 connections failed in phase ${phase}: ${cause}`)
  })

  it('shows what a stranger said in one line that no terminal obeys', () => {
    const sample = `tcp://h:1: \u001b[2J<html>\r\n\u0085caf\u00e9 ${'x'.repeat(300)}`
    const { why } = targetFailure(20, { ...row('upgrade', 'http 404'), sample }, ['tcp://h:1'])
    expect(why).toMatch(/^[\x20-\x7e…]+$/)
    expect(why).toContain('(tcp://h:1: [2J<html> caf xxx')
    expect(why!.length).toBeLessThan(250)
  })
})
