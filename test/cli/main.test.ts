import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/cli/host.ts'
import { main } from '../../src/cli/main.ts'
import { EXIT } from '../../src/errors/exit-codes.ts'
import { PushctlError } from '../../src/errors/pushctl-error.ts'
import { type FakeHost, fakeHost } from './fake-host.ts'
import { type SampleContext, sampleVerbs } from './sample-command.ts'

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
  readonly host: FakeHost
  readonly context: SampleContext | null
}

async function run(
  argv: readonly string[],
  given: Partial<Pick<Host, 'env' | 'stderrIsTty' | 'columns'>> = {},
  body: (context: SampleContext, host: FakeHost) => Promise<number> = async () => EXIT.OK,
): Promise<Ended> {
  const host = fakeHost(argv, given)
  let context: SampleContext | null = null
  const verbs = sampleVerbs(async (seen) => {
    context = seen
    return body(seen, host)
  })
  const code = await main(host, verbs)
  return { code, out: host.out(), err: host.err(), host, context }
}

describe('without a verb', () => {
  it('--help lists the verbs on stdout and ends with 0', async () => {
    const { code, out, err } = await run(['--help'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatchInlineSnapshot(`
      "Usage: pushctl <verb> [options]

      Load-test and operate push clusters.

      Verbs:
        sample  a verb for tests

      pushctl <verb> --help lists the options of a verb; pushctl --version prints the version.
      Counts are typed 10k or 1m (thousand, million), sizes 64KiB, times 250ms 30s 5m 2h, rates 500/s:
      1m is a million for a count and a minute for a time.
      "
    `)
  })

  it('help VERB is VERB --help', async () => {
    const direct = await run(['sample', '--help'])
    expect((await run(['help', 'sample'])).out).toBe(direct.out)
    expect((await run(['help'])).out).toContain('Usage: pushctl <verb>')
    expect((await run(['help', 'smaple'])).err).toContain('try  pushctl sample')
  })

  it('nothing at all shows the same help on stderr and ends with 2', async () => {
    const { code, out, err } = await run([])
    expect([code, out]).toEqual([EXIT.USAGE, ''])
    expect(err).toContain('Usage: pushctl <verb>')
  })

  it('--version prints name and version', async () => {
    expect((await run(['--version'])).out).toMatch(/^pushctl \d+\.\d+\.\d+\n$/)
    expect((await run(['sample', '-V'])).out).toMatch(/^pushctl \d+\.\d+\.\d+\n$/)
  })

  it('an unknown verb suggests the nearest one', async () => {
    const { code, err } = await run(['smaple'])
    expect(code).toBe(EXIT.USAGE)
    expect(err).toBe('pushctl: expected a verb (sample), got "smaple"\n  try  pushctl sample\n')
  })

  it('an option that no verb knows is refused', async () => {
    const { code, err } = await run(['--versoin'])
    expect(code).toBe(EXIT.USAGE)
    expect(err).toContain('unknown option "--versoin"')
    expect(err).toContain('try  pushctl --version')
  })
})

it('--help of a verb shows every option with default and bounds', async () => {
  const { code, out } = await run(['sample', '--help', '--connections', '0'])
  expect(code).toBe(0)
  expect(out).toMatchInlineSnapshot(`
    "Usage: pushctl sample [options] [TARGET...]

    a verb for tests

    Arguments:
      TARGET                           what to drive

    Options:
      -c, --connections <count>        connections to hold (default 1,000; between 1 and 4,000,000)
      --connect-rate <rate>            new connections a second
      -d, --duration <time>            how long (default 30s)
      --heartbeat <time..time>         range of heartbeat intervals (default 30s..8m; at least 1s)
      --message-size <size>            payload (default 256 B)
      --mode <echo|unicast|broadcast>  what to drive (default echo)
      --tcp <host:port>                listen here (repeatable)
      --token-file <file>              a file
      --token <text>                   a secret
      --no-verify                      do not check certificates
      --profile <NAME|FILE>            settings under a name, or from a file; all other settings win
                                       over it

    On every verb:
      --config <FILE>                  settings from a YAML file; flags and environment win over it
      --explain                        print each setting with where it came from, and stop
      --json                           print the result as one JSON document; errors as JSON lines on
                                       stderr
      --quiet                          no progress and no notes on stderr
      --no-color                       no colours, as with NO_COLOR in the environment
      -h, --help                       this text
      -V, --version                    print the version

    Examples:
      pushctl sample -c 10k
          ten thousand
    "
  `)
})

describe('settings', () => {
  it('come typed, with words as they stood', async () => {
    const words = ['sample', '-c', '10k', 'a', '--tcp=:1', '--tcp', ':2', '--no-verify', '--', '-b']
    const { code, context } = await run(words)
    expect(code).toBe(0)
    expect(context!.positional).toEqual(['a', '-b'])
    expect(context!.options).toMatchObject({
      connectionsMax: 10_000,
      verify: false,
      tcp: [
        { host: '0.0.0.0', port: 1 },
        { host: '0.0.0.0', port: 2 },
      ],
    })
  })

  it('global options may stand in front of the verb', async () => {
    const { context } = await run(['--json', '--quiet', 'sample', 'x'])
    expect([context!.json, context!.quiet, context!.positional]).toEqual([true, true, ['x']])
  })

  it('flags win over environment, environment over the file, the file over defaults', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pushctl-main-'))
    const file = join(folder, 'f.yaml')
    writeFileSync(file, 'connections: 1\nduration: 1s\nmessage-size: 1\nquiet: true\n')
    const env = { PUSHCTL_CONNECTIONS: '2', PUSHCTL_DURATION: '2s', PUSHCTL_CONFIG: file }
    const { out, context } = await run(['sample', '-c', '3', '--explain', '--token', 'hush'], {
      env,
    })
    rmSync(folder, { recursive: true })
    expect(context).toBeNull()
    // The width of the columns depends on the folder.
    expect(out.replaceAll(folder, '').replace(/ {2,}/g, '  ')).toMatchInlineSnapshot(`
      "option  value  source
      --connections  3  --connections
      --connect-rate  -  default
      --duration  2s  PUSHCTL_DURATION
      --heartbeat  30s..8m  default
      --message-size  1 B  /f.yaml:3:15
      --mode  echo  default
      --tcp  -  default
      --token-file  -  default
      --token  (hidden)  --token
      --verify  true  default
      --profile  -  default
      --config  /f.yaml  PUSHCTL_CONFIG
      --json  false  default
      --quiet  true  /f.yaml:4:8
      --color  true  default
      "
    `)
  })

  it('--explain --json is one document', async () => {
    const { out } = await run(['sample', '--explain', '--json', '--mode', 'unicast'])
    const document = JSON.parse(out)
    expect(document.schema).toBe('pushctl.explain/1')
    expect(document.settings.mode).toEqual({ value: 'unicast', source: 'flag', from: '--mode' })
  })

  it('all faults are shown together, with why and try', async () => {
    const words = ['sample', '-c', '0', '--connectoins', '5', 'ws://localhost:8080']
    const { code, err, context } = await run(words, { env: { PUSHCTL_MODE: 'ecko' } })
    expect([code, context]).toEqual([EXIT.USAGE, null])
    expect(err).toMatchInlineSnapshot(`
      "pushctl sample: unknown option "--connectoins"
        try  pushctl sample --connections
      pushctl sample: --connections must be between 1 and 4,000,000, got "0"
        why  each connection needs one row of the connection table
        try  pushctl sample --connections 1000
      pushctl sample: PUSHCTL_MODE must be one of echo, unicast, broadcast, got "ecko"
        try  PUSHCTL_MODE=echo
      "
    `)
  })

  it('one fault reads as in the style guide', async () => {
    const { err } = await run(['sample', '--connections', '0', 'ws://localhost:8080'])
    expect(err).toBe(`pushctl sample: --connections must be between 1 and 4,000,000, got "0"
  why  each connection needs one row of the connection table
  try  pushctl sample --connections 1000 ws://localhost:8080
`)
  })

  it('a flag without its value is a usage fault', async () => {
    const { code, err } = await run(['sample', '--connections'])
    expect(code).toBe(EXIT.USAGE)
    expect(err).toContain('argument missing')
  })

  it('rules between settings are checked once each is right by itself', async () => {
    expect((await run(['sample', '-d', '5m'])).err).toContain('--mode echo must end within 1m')
    expect((await run(['sample', '-d', '5m', '-c', '0'])).err).not.toContain('within 1m')
  })
})

describe('errors', () => {
  it('an expected error ends with the code of its kind and no stack', async () => {
    const { code, err, out } = await run(['sample'], {}, async () => {
      throw new PushctlError('PUSHCTL_PORTS', 'too few ports', { tries: ['first', 'second'] })
    })
    expect([code, out]).toEqual([EXIT.HOST_LIMIT, ''])
    expect(err).toBe('pushctl sample: too few ports\n  try  first\n       second\n')
  })

  it('with --json an error is one JSON line on stderr', async () => {
    const { err, out } = await run(['sample', '--json', '-c', '0', '--mode', 'x'])
    expect([out, err.trim().split('\n').length]).toEqual(['', 1])
    const { error } = JSON.parse(err)
    expect(error).toMatchObject({
      code: 'PUSHCTL_CONFIG',
      message: '2 settings are wrong',
      why: null,
    })
    expect(error.faults[0]).toMatchObject({ tries: ['pushctl sample --connections 1000'] })
  })

  it('anything else is a bug: stack, report line, exit 1', async () => {
    const { code, err } = await run(['sample'], {}, async () => {
      throw new TypeError('x is undefined')
    })
    expect(code).toBe(EXIT.BUG)
    expect(err).toMatch(
      /^pushctl sample: this is a bug in pushctl\nTypeError: x is undefined\n {4}at /,
    )
    expect(err).toMatch(/try {2}report it .*pushctl \d.*node v0, test\n$/)
  })

  it('an uncaught error anywhere ends the process as a bug', async () => {
    const { host, err } = await run(['sample'], {}, async (_context, current) => {
      current.throwUncaught(new Error('late'))
      return EXIT.OK
    })
    expect(host.exits).toEqual([EXIT.BUG])
    expect(err).toContain('Error: late')
  })

  it('colours only a terminal that did not refuse them', async () => {
    const given = { stderrIsTty: true }
    expect((await run(['smaple'], given)).err).toContain('\u001b[31m')
    expect((await run(['--no-color', 'smaple'], given)).err).not.toContain('\u001b')
    expect((await run(['smaple'], { ...given, env: { NO_COLOR: '1' } })).err).not.toContain(
      '\u001b',
    )
    expect((await run(['smaple'])).err).not.toContain('\u001b')
  })

  it('text from outside cannot steer the terminal', async () => {
    const { err } = await run(['sample', '--tcp', '\u001b[2J'])
    expect(err).not.toContain('\u001b')
  })
})

describe('interruption', () => {
  const untilAborted = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))

  it('the first signal aborts, and the command decides how it ends', async () => {
    const { code, host } = await run(['sample'], {}, async ({ signal }, current) => {
      const aborted = untilAborted(signal)
      current.interrupt('SIGTERM')
      await aborted
      expect(signal.reason).toBe('SIGTERM')
      return EXIT.OK
    })
    expect([code, host.exits]).toEqual([EXIT.OK, []])
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('an abort by %s that falls through ends with %i', async (name, expected) => {
    const { code, err } = await run(['sample'], {}, async ({ signal }, current) => {
      current.interrupt(name)
      signal.throwIfAborted()
      return EXIT.OK
    })
    expect([code, err]).toEqual([expected, ''])
  })

  it('the second signal ends at once', async () => {
    const { host } = await run(['sample'], {}, async (_context, current) => {
      current.interrupt('SIGINT')
      current.interrupt('SIGINT')
      return EXIT.OK
    })
    expect(host.exits).toEqual([130])
  })

  it('a real error after a signal is still an error', async () => {
    const { code } = await run(['sample'], {}, async (_context, current) => {
      current.interrupt('SIGINT')
      throw new PushctlError('PUSHCTL_TARGET_UNREACHABLE', 'gone')
    })
    expect(code).toBe(EXIT.TARGET)
  })
})

describe('output', () => {
  it('result() is the text, or the document with --json; note() obeys --quiet', async () => {
    const body = async ({ result, note }: SampleContext) => {
      note('working')
      await result({ schema: 'pushctl.sample/1' }, 'done')
      return EXIT.OK
    }
    const plain = await run(['sample'], {}, body)
    expect([plain.out, plain.err]).toEqual(['done\n', 'working\n'])
    const json = await run(['sample', '--json', '--quiet'], {}, body)
    expect([json.out, json.err]).toEqual(['{"schema":"pushctl.sample/1"}\n', ''])
  })

  it('a reader that left ends the process quietly', async () => {
    const { host, err } = await run(['sample'], {}, async (_context, current) => {
      current.breakStdout()
      return EXIT.OK
    })
    expect([host.exits, err]).toEqual([[EXIT.OK], ''])
  })
})
