import { expect, it } from 'vitest'
import { EXIT, exitCodeOfSignal } from '../../src/errors/exit-codes.ts'

it('signals end as a shell reports them', () => {
  expect([exitCodeOfSignal('SIGINT'), exitCodeOfSignal('SIGTERM')]).toEqual([130, 143])
})

it('no two endings share a code', () => {
  expect(new Set(Object.values(EXIT)).size).toBe(Object.keys(EXIT).length)
})
