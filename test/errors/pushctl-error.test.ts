import { expect, it } from 'vitest'
import { ERROR_EXIT_CODES, type ErrorCode } from '../../src/errors/error-codes.ts'
import { ConfigFaults, PushctlError } from '../../src/errors/pushctl-error.ts'

it('an error knows its exit code, and has no why and no tries by itself', () => {
  for (const code of Object.keys(ERROR_EXIT_CODES) as ErrorCode[]) {
    const error = new PushctlError(code, 'x')
    expect([error.exitCode, error.why, error.tries]).toEqual([
      ERROR_EXIT_CODES[code],
      undefined,
      [],
    ])
  }
})

it('one fault speaks for itself, several are counted', () => {
  const fault = new PushctlError('PUSHCTL_PROFILE', 'first', { why: 'w', tries: ['t'] })
  const one = new ConfigFaults([fault])
  expect([one.code, one.message, one.why, one.tries]).toEqual([
    'PUSHCTL_PROFILE',
    'first',
    'w',
    ['t'],
  ])
  const two = new ConfigFaults([fault, new PushctlError('PUSHCTL_CONFIG', 'second')])
  expect([two.message, two.why, two.exitCode]).toEqual(['2 settings are wrong', undefined, 2])
})
