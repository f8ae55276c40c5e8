import { describe, expect, it } from 'vitest'
import { cleanText, describeFailure } from '../../../src/server/log/redact.ts'

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwaG9uZS0xIn0.c2lnbmF0dXJl'

describe('what a log line must not say', () => {
  it('is a token, however it is written', () => {
    const text = `token ${JWT}, Bearer c3VmZmljaWVudA== and https://user:secret@host/x`
    expect(cleanText(text)).toBe('token [hidden], Bearer [hidden] and https://[hidden]@host/x')
  })

  it('is more than one line', () => {
    expect(cleanText('a\n{"level":"error"}\u001b[2Jb')).toBe('a {"level":"error"} [2Jb')
  })

  it('is a text that could not be parsed, which V8 repeats', () => {
    let failure: unknown
    try {
      JSON.parse('my payload')
    } catch (error) {
      failure = error
    }
    const told = describeFailure(failure)
    expect(JSON.stringify(told)).not.toContain('my payload')
    expect(told.error).toBe('SyntaxError')
    expect(told.stack[0]).toMatch(/^at /)
    expect(describeFailure('odd')).toEqual({ error: 'odd', stack: [] })
  })
})
