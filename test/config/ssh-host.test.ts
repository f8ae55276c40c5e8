import { expect, test } from 'vitest'
import { isSshHost } from '../../src/config/ssh-host.ts'

test('no host name can be an option of ssh or mean something to a shell', () => {
  expect(['ops@push-1', '10.0.0.7', 'push_1.example.com'].every(isSshHost)).toBe(true)
  expect(['-oProxyCommand=x', 'a b', 'a;b', ''].some(isSshHost)).toBe(false)
})
