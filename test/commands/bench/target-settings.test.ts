import { describe, expect, it } from 'vitest'
import {
  publishSettings,
  targetFaults,
  type TargetOptions,
  targetsFrom,
} from '../../../src/commands/bench/target-settings.ts'
import { DEFAULT_WIRE } from '../../../src/loadgen/target/wire-settings.ts'

const defaults: TargetOptions = {
  targetProtocol: undefined,
  headers: [],
  subprotocols: [],
  firstMessage: undefined,
  welcomeText: undefined,
  answer: undefined,
  messageTemplate: undefined,
  engine: 'auto',
  caFile: undefined,
  insecureTarget: false,
  event: DEFAULT_WIRE.event,
  namespace: DEFAULT_WIRE.namespace,
  mqttVersion: '3.1.1',
  qos: '0',
  deviceTopic: DEFAULT_WIRE.deviceTopic,
  broadcastTopic: DEFAULT_WIRE.broadcastTopic,
  mode: 'unicast',
  publish: undefined,
}
const publishingOf = (url: string, options: Partial<TargetOptions> = {}) => {
  const all = { ...defaults, ...options }
  return publishSettings(all, targetsFrom(all, [url]))
}
const faultsOf = (options: Partial<TargetOptions>, ...urls: string[]) => {
  const all = { ...defaults, ...options }
  return targetFaults(all, targetsFrom(all, urls)).map(({ message }) => message)
}

describe('targets of bench', () => {
  it('have what was said of their protocol, unless they are push nodes', () => {
    const options: TargetOptions = {
      ...defaults,
      headers: ['Authorization: Bearer {device}', 'X-Empty:'],
      qos: '1',
      mqttVersion: '5',
    }
    const [push, mqtt] = targetsFrom(options, ['tcp://h:1', 'mqtt://h'])
    expect(push.wire).toBeUndefined()
    expect(mqtt.wire).toEqual({
      ...DEFAULT_WIRE,
      headers: { Authorization: 'Bearer {device}', 'X-Empty': '' },
      qos: 1,
      mqttVersion: '5',
    })
  })

  it.each(['no colon', 'Bad Name: x', ': x'])('refuse a header such as %j', (header) => {
    expect(() => targetsFrom({ ...defaults, headers: [header] }, ['mqtt://h'])).toThrow(
      "--header must be 'Name: value', got",
    )
  })

  it('answer what they were told to, up to the first equals sign', () => {
    const answerOf = (answer: string) =>
      targetsFrom({ ...defaults, answer }, ['mqtt://h'])[0].wire?.answer
    expect(answerOf('2=3')).toEqual({ to: '2', text: '3' })
    expect(answerOf('a=b=c')).toEqual({ to: 'a', text: 'b=c' })
    expect(() => answerOf('ping')).toThrow('--answer must be TEXT=TEXT, got "ping"')
  })

  it('never show the value of a header that is at fault', () => {
    const headers = ['Authorization Bearer: secret']
    expect(() => targetsFrom({ ...defaults, headers }, ['mqtt://h'])).toThrow(
      /got "Authorization Bearer"$/,
    )
  })
})

describe('pushes of bench', () => {
  it.each<[string, Partial<TargetOptions>, ReturnType<typeof publishSettings>]>([
    ['tcp://h:1', {}, { publishUrl: 'http://h:7002' }],
    ['ws://[::1]:1/', {}, { publishUrl: 'http://[::1]:7002' }],
    ['tcp://h:1', { publish: 'http://a:1/x' }, { publishUrl: 'http://a:1/x' }],
    ['sse+http://h:7002/v1/events', {}, { publishUrl: 'http://h:7002' }],
    ['sse+http://h:1/s', { publish: 'http://a:1/' }, { publishUrl: 'http://a:1/' }],
    [
      'sse+http://h:1/s',
      { publish: 'http://a:1/pub' },
      { publishUrl: null, publishElsewhere: { url: 'http://a:1/pub' } },
    ],
    ['mqtt://h', {}, { publishUrl: null, publishElsewhere: { url: null } }],
    ['ws://h/', { targetProtocol: 'ws' }, { publishUrl: null, publishElsewhere: { url: null } }],
  ])('to %s with %j go to %j', (url, options, settings) => {
    expect(publishingOf(url, options)).toEqual(settings)
  })

  it('wait for a node of our own to say where', () => {
    expect(publishSettings(defaults, [])).toEqual({ publishUrl: null })
  })
})

describe('faults of targets', () => {
  it.each<[Partial<TargetOptions>, string[], string[]]>([
    [{}, ['mqtt://h'], []],
    [
      { mode: 'echo' },
      ['sse+http://h/'],
      ['--mode echo does not go with sse+http://: events go down only'],
    ],
    [
      { publish: 'http://h/' },
      ['mqtt://h'],
      ['--publish does not go with mqtt://: pushes are published to the broker'],
    ],
    [{ publish: 'http://h/', mode: 'echo' }, ['mqtt://h'], []],
    [{}, ['tcp://h:1', 'mqtt://h'], ['targets must speak one protocol, got "mqtt://h"']],
    [{}, ['mqtt://h', 'sse+http://h/'], ['targets must speak one protocol, got "sse+http://h/"']],
    [{}, ['tcp://h:1', 'ws://h/'], []],
    [
      { targetProtocol: 'socketio', namespace: 'chat', messageTemplate: '{payload}' },
      ['ws://h/'],
      [
        '--namespace must begin with /, got "chat"',
        '--template must be JSON for Socket.IO, got "{payload}"',
      ],
    ],
    [{ caFile: 'ca.pem' }, ['wss://h/'], []],
    [{ caFile: 'ca.pem' }, ['ws://h/'], ['--ca-file needs a target with TLS']],
    [
      { caFile: 'ca.pem', insecureTarget: true, engine: 'epoll' },
      ['tls://h:1'],
      [
        'expected --ca-file or --insecure-target, got both',
        '--engine epoll has no TLS, got tls://h:1',
      ],
    ],
    [
      { messageTemplate: '{}', firstMessage: '{payload}{payload}' },
      [],
      [
        'the text of --template has no {payload}, got "{}"',
        'the text of --first-message has {payload} more than once, got "{payload}{payload}"',
      ],
    ],
  ])('%j with %j are %j', (options, urls, messages) => {
    expect(faultsOf(options, ...urls)).toEqual(messages)
  })
})
