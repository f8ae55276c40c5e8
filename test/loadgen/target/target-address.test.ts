import { describe, expect, it } from 'vitest'
import {
  isLoopback,
  parseTarget,
  resolveTarget,
} from '../../../src/loadgen/target/target-address.ts'

describe('target', () => {
  it.each([
    ['tcp://127.0.0.1:7000', 'push-tcp', '127.0.0.1', 7000, ''],
    ['tcp://[::1]:7000', 'push-tcp', '::1', 7000, ''],
    ['ws://push.example', 'push-websocket', 'push.example', 80, '/'],
    ['ws://push.example:8080/v1?x=1', 'push-websocket', 'push.example', 8080, '/v1?x=1'],
  ])('%s names a carrier and an address', (text, carrier, host, port, path) => {
    expect(parseTarget(text)).toEqual({ url: text, carrier, host, port, path })
  })

  it.each([
    ['http://127.0.0.1:80', 'a target is tcp://host:port or ws://host:port/path'],
    ['tcp://127.0.0.1', 'a target needs a host and a port'],
    ['tcp://127.0.0.1:1/x', 'a tcp:// target has no path'],
    ['127.0.0.1:7000', 'a target is tcp://host:port or ws://host:port/path'],
    ['', 'a target is tcp://host:port or ws://host:port/path, got ""'],
  ])('%s is refused', (text, message) => {
    expect(() => parseTarget(text)).toThrow(message)
  })

  it('suggests the scheme that was forgotten', () => {
    const error = (() => {
      try {
        parseTarget('127.0.0.1:7000')
      } catch (cause) {
        return cause
      }
    })()
    expect(error).toMatchObject({
      code: 'PUSHCTL_USAGE',
      tries: expect.arrayContaining(['pushctl bench tcp://127.0.0.1:7000']),
    })
  })

  it('is used as it stands where it is an address', async () => {
    const resolved = await resolveTarget(parseTarget('tcp://[::1]:7'))
    expect(resolved.address).toBe('::1')
  })

  it('knows the loopback block', () => {
    expect(['127.0.0.1', '127.9.8.7', '::1'].every(isLoopback)).toBe(true)
    expect(['128.0.0.1', '10.0.0.1', 'fe80::1'].some(isLoopback)).toBe(false)
  })
})
