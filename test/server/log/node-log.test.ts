import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { LOG_KINDS } from '../../../src/server/log/log-kinds.ts'
import { type LogFormat, NodeLog } from '../../../src/server/log/node-log.ts'

function logOf(format: LogFormat, level: 'error' | 'warn' | 'info' = 'info') {
  let text = ''
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      done()
    },
  })
  let nowMs = 0
  const now = () => nowMs
  const log = new NodeLog({ node: 'push-1', level, format, color: false, stream, now })
  return {
    log,
    lines: () => text.trim().split('\n'),
    text: () => text,
    at: (ms: number) => (nowMs = ms),
  }
}

describe('the log of a node', () => {
  it('is one JSON object a line, with time, level, node, event and fields', () => {
    const { log, lines } = logOf('json')
    log.tell('shard-lost', 'shard 1 is lost', { shard: 1, cause: 'SIGKILL' })
    expect(lines()).toHaveLength(1)
    expect(JSON.parse(lines()[0]!)).toEqual({
      level: 'error',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      node: 'push-1',
      event: 'shard-lost',
      shard: 1,
      cause: 'SIGKILL',
      msg: 'shard 1 is lost',
    })
  })

  it('is a line with time and level for people', () => {
    const { log, lines } = logOf('human')
    log.tell('refused', 'refused 3 devices', { reason: 'node full', count: 3 })
    expect(lines()[0]).toMatch(/^[\d:]{8} warn {2}refused 3 devices {2}reason="node full" count=3$/)
  })

  it('hides secrets and payloads, by name and by look', () => {
    const { log, text } = logOf('json')
    log.tell('setting', 'asked with Bearer abcdef', {
      token: 'sesame-1',
      payload: 'sesame-2',
      authorization: 'sesame-3',
      note: 'https://admin:sesame-4@host/',
    })
    expect(text()).not.toMatch(/sesame|abcdef/)
    expect(JSON.parse(text())).toMatchObject({ token: '[hidden]', payload: '[hidden]' })
  })

  it('leaves out what is below its level, which may change', () => {
    const { log, text, lines } = logOf('json', 'error')
    log.tell('ready', 'ready')
    log.tell('refused', 'refused')
    expect(text()).toBe('')
    log.level = 'warn'
    log.tell('ready', 'ready')
    log.tell('refused', 'refused')
    expect(lines().map((line) => JSON.parse(line).event)).toEqual(['refused'])
  })

  it('writes no more of a storm than its kind may, and how much that was', () => {
    const { log, lines, at } = logOf('json')
    for (let i = 0; i < 100_000; i++) log.tell('refused', 'refused one')
    expect(lines()).toHaveLength(LOG_KINDS.refused.linesPerWindow)
    at(10_000)
    log.tell('refused', 'refused one')
    expect(JSON.parse(lines().at(-1)!).suppressed).toBe(100_000 - LOG_KINDS.refused.linesPerWindow)
    for (let i = 0; i < 50; i++) log.tell('refused', 'refused one')
    log.close()
    expect(JSON.parse(lines().at(-1)!)).toMatchObject({ event: 'refused', suppressed: 31 })
  })

  it('tells a failure with its stack', () => {
    const { log, lines } = logOf('json')
    log.tellFailure('api-failure', 'POST /v1/push', new TypeError('x is odd'))
    const { msg, error, stack } = JSON.parse(lines()[0]!)
    expect([msg, error]).toEqual(['POST /v1/push failed', 'TypeError: x is odd'])
    expect(stack[0]).toContain('node-log.test.ts')
    const people = logOf('human')
    people.log.tellFailure('api-failure', 'POST /v1/push', new TypeError('x is odd'))
    expect(people.lines()[1]).toMatch(/^ {2}at .*node-log\.test\.ts/)
  })
})
