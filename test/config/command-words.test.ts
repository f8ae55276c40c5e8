import { expect, it } from 'vitest'
import { commandWords } from '../../src/config/command-words.ts'

it('divides at blanks, and quotes only group', () => {
  expect(commandWords(`  bash -c  'exec "$@"' a"b c"d ''`)).toEqual([
    'bash',
    '-c',
    'exec "$@"',
    'ab cd',
    '',
  ])
})

it('says what is wrong with what is no command', () => {
  expect(commandWords("sh -c 'x")).toBe("has a quote without its end: sh -c 'x")
  expect(commandWords(' ')).toBe('must be a command of 1 to 64 words, got " "')
  expect(commandWords('x '.repeat(65))).toContain('1 to 64 words')
})
