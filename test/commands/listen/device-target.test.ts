import { describe, expect, it } from 'vitest'
import {
  type DeviceTarget,
  parseTarget,
  targetFromAddress,
} from '../../../src/commands/listen/device-target.ts'

describe('a target', () => {
  it.each([
    ['tcp://127.0.0.1:7000', 'tcp', '127.0.0.1', 7000],
    ['tcp://[::1]:7000/', 'tcp', '::1', 7000],
    ['ws://node.example', 'websocket', 'node.example', 80],
    ['ws://127.0.0.1:7001/push?x=1', 'websocket', '127.0.0.1', 7001],
    ['wss://node.example/', 'websocket', 'node.example', 443],
  ])('%s is one', (text, kind, host, port) => {
    expect(parseTarget(text)).toMatchObject({ kind, host, port })
  })

  it.each([
    '',
    'node',
    '127.0.0.1:7000',
    'tcp://127.0.0.1',
    'tcp://127.0.0.1:0',
    'tcp://127.0.0.1:70000',
    'tcp://127.0.0.1:7000/path',
    'tcp://:7000',
    'http://127.0.0.1:7002',
    'ws://user@127.0.0.1:1/',
    'ws://127.0.0.1:1/#part',
  ])('%j is none', (text) => {
    expect(parseTarget(text)).toBeNull()
  })
})

describe('an address of a BYE', () => {
  const at = (text: string) => parseTarget(text) as DeviceTarget
  it.each([
    ['10.0.0.2:7000', 'tcp://10.0.0.1:7000', 'tcp://10.0.0.2:7000'],
    ['[::2]:7000', 'tcp://10.0.0.1:7000', 'tcp://[::2]:7000'],
    ['10.0.0.2:81', 'ws://10.0.0.1:80/push?x=1', 'ws://10.0.0.2:81/push?x=1'],
    ['node-2:444', 'wss://node-1/push', 'wss://node-2:444/push'],
    ['ws://node-2:81/', 'tcp://10.0.0.1:7000', 'ws://node-2:81/'],
    ['wss://node-2/', 'ws://node-1/', 'wss://node-2/'],
  ])('%s, told on %s, is %s', (address, current, url) => {
    expect(targetFromAddress(address, at(current))?.url).toBe(url)
  })

  it.each([
    '',
    'node-2',
    ':7000',
    'a b:1',
    'x@node-2:1',
    'node-2:1/path',
    'http://node-2:1',
    'a:b:1',
  ])('%j is none', (address) =>
    expect(targetFromAddress(address, at('tcp://10.0.0.1:7000'))).toBeNull(),
  )

  it('never leads from an encrypted connection to an open one', () => {
    expect(targetFromAddress('ws://node-2/', at('wss://node-1/'))).toBeNull()
    expect(targetFromAddress('tcp://node-2:1', at('wss://node-1/'))).toBeNull()
  })
})
