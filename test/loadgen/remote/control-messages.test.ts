import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readLines } from '../../../src/loadgen/remote/control-lines.ts'
import {
  CONTROL_VERSION,
  parseDown,
  parseUp,
  versionFault,
} from '../../../src/loadgen/remote/control-messages.ts'

const PONG = '{"type":"pong","n":1,"atUs":12.5}'

describe('lines of the control protocol', () => {
  it('come out whole, however they are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, unit: 'grapheme' }).filter((s) => !s.includes('\n'))),
        fc.array(fc.nat(40), { maxLength: 40 }),
        (lines, cuts) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
          const got: string[] = []
          const reader = readLines(1e6, (line) => got.push(line))
          let at = 0
          for (const length of cuts) {
            reader.add(bytes.subarray(at, at + length))
            at += length
          }
          expect(reader.add(bytes.subarray(at))).toBe(true)
          expect(got).toEqual(lines)
        },
      ),
    )
  })

  it('end where one is longer than the bound, and nothing after it is read', () => {
    const got: string[] = []
    const reader = readLines(8, (line) => got.push(line))
    expect(reader.add(Buffer.from('short\n123456'))).toBe(true)
    expect(reader.add(Buffer.from('789\nmore\n'))).toBe(false)
    expect(reader.add(Buffer.from('more\n'))).toBe(false)
    expect(got).toEqual(['short'])
  })
})

describe('messages of the control protocol', () => {
  it('are taken where they fit, and named where they do not', () => {
    expect(parseUp(PONG)).toEqual({ message: { type: 'pong', n: 1, atUs: 12.5 } })
    const faults = [
      'not JSON',
      '{"type":"pong","n":1}',
      '{"type":"pong","n":-1,"atUs":1}',
      '{"type":"pong","n":1,"atUs":1e999}',
      '{"type":"setup"}',
      '[]',
      'null',
      `{"type":"failed","code":null,"message":"${'x'.repeat(5_000)}","why":"","tries":[]}`,
    ].map((line) => parseUp(line))
    for (const parsed of faults) expect(parsed).toEqual({ fault: expect.any(String) })
    expect(faults[1]).toEqual({ fault: expect.stringContaining('atUs must be') })
  })

  it('of a head cannot name a device scope, a run or a step that are none', () => {
    const setup = {
      type: 'setup',
      part: { runId: 7, deviceScope: 'h0-', sendsBroadcasts: true },
      options: { connections: '5' },
      targets: ['tcp://127.0.0.1:1'],
      adminToken: null,
      deviceSecret: null,
      authorities: null,
      ports: [1_024, 2_047],
      isPlanOnly: false,
      isRecorded: true,
      steps: [{ connections: 0, messagesPerSecond: 0.5, warmupMs: 0, durationMs: 100 }],
      isLast: true,
    }
    const said = (part: object) => parseDown(JSON.stringify({ ...setup, ...part }))
    expect(said({})).toEqual({ message: setup })
    expect(said({ part: { ...setup.part, deviceScope: '\u001b[2J' } })).toHaveProperty('fault')
    expect(said({ part: { ...setup.part, runId: 2 ** 32 } })).toHaveProperty('fault')
    expect(said({ options: { connections: 5 } })).toHaveProperty('fault')
    expect(said({ steps: [] })).toHaveProperty('fault')
    expect(said({ steps: [{ ...setup.steps[0], connections: -1 }] })).toHaveProperty('fault')
  })

  it('never throw, whatever comes', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc.object().map((o) => JSON.stringify(o)),
    )
    fc.assert(
      fc.property(anything, (line) => {
        for (const parsed of [parseUp(line), parseDown(line)]) {
          expect('message' in parsed || typeof parsed.fault === 'string').toBe(true)
        }
        versionFault(line, '1.0.0')
      }),
    )
  })

  it('begin with a version, and that of another pushctl is refused whatever else it says', () => {
    const hello = (pushctl: string, protocol: number) =>
      versionFault(JSON.stringify({ type: 'hello', protocol, pushctl, more: [1] }), '0.2.0')
    expect(hello('0.1.0', CONTROL_VERSION)).toBe('has pushctl 0.1.0, and this is 0.2.0')
    expect(hello('0.2.0', CONTROL_VERSION + 1)).toContain('of the control protocol')
    expect(hello('0.2.0', CONTROL_VERSION)).toBeNull()
    expect(versionFault('Welcome to host 7', '0.2.0')).toBeNull()
  })
})

describe('texts of another host', () => {
  it('come to the terminal without anything that it would obey', () => {
    const hello = { protocol: 0, pushctl: '1\u001b]0;title\u0007' }
    expect(versionFault(JSON.stringify(hello), '2')).toBe('has pushctl 1 ]0;title , and this is 2')
  })
})
