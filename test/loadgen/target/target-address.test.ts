import { describe, expect, it } from 'vitest'
import {
  isLoopback,
  parseTarget,
  resolveTarget,
} from '../../../src/loadgen/target/target-address.ts'
import { DEFAULT_WIRE } from '../../../src/loadgen/target/wire-settings.ts'

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
    ['http://127.0.0.1:80', 'a target is tcp://host:port, ws://host:port/path, sse+http://'],
    ['tcp://127.0.0.1', 'a target needs a host and a port'],
    ['tcp://127.0.0.1:1/x', 'a tcp:// target has no path'],
    ['127.0.0.1:7000', 'a target is tcp://host:port, ws://host:port/path, sse+http://'],
    ['', 'or mqtt://host:port, got ""'],
  ])('%s is refused', (text, message) => {
    expect(() => parseTarget(text)).toThrow(message)
  })

  it.each([
    ['ws://h/x?d={device}', 'ws', 'websocket', 80, '/x?d={device}'],
    ['mqtt://broker', null, 'mqtt', 1883, ''],
    ['sse+http://h/sub/{device},all', null, 'sse', 80, '/sub/{device},all'],
    ['poll+http://h:8/p?s={session}', null, 'poll', 8, '/p?s={session}'],
    ['ws://h:1/', 'push', 'push-websocket', 1, '/'],
  ] as const)('%s in protocol %s is driven as %s', (text, protocol, carrier, port, path) => {
    const target = parseTarget(text, { protocol, wire: DEFAULT_WIRE })
    expect(target).toMatchObject({ url: text, carrier, port, path })
    expect('wire' in target).toBe(carrier !== 'push-websocket')
  })

  it('refuses a scheme that does not carry the protocol, and names those that do', () => {
    expect(() => parseTarget('tcp://h:1', { protocol: 'ws', wire: DEFAULT_WIRE })).toThrow(
      'a target of protocol ws is ws://host:port/path, got "tcp://h:1"',
    )
  })

  it('takes credentials out of what is shown', () => {
    const target = parseTarget('mqtt://me:p%40ss@broker:1883')
    expect(target.url).toBe('mqtt://broker:1883')
    expect(target.wire?.credentials).toEqual({ username: 'me', password: 'p@ss' })
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
