/** A verb with a row of every kind, for tests of the command line. */
import { type CommandContext, defineCommand } from '../../src/config/command.ts'
import { defineOptions, type OptionsOf } from '../../src/config/option-table.ts'
import type { Verb } from '../../src/cli/verbs.ts'
import { PushctlError } from '../../src/errors/pushctl-error.ts'

export const SAMPLE_OPTIONS = defineOptions({
  connectionsMax: {
    flag: 'connections',
    short: 'c',
    kind: 'count',
    default: 1_000,
    min: 1,
    max: 4_000_000,
    help: 'connections to hold',
    why: 'each connection needs one row of the connection table',
    example: '1000',
  },
  connectsPerSecond: { flag: 'connect-rate', kind: 'rate', help: 'new connections a second' },
  durationMs: { flag: 'duration', short: 'd', kind: 'duration', default: 30_000, help: 'how long' },
  heartbeatMs: {
    flag: 'heartbeat',
    kind: 'duration-range',
    default: { min: 30_000, max: 480_000 },
    min: 1_000,
    help: 'range of heartbeat intervals',
  },
  messageBytes: { flag: 'message-size', kind: 'size', default: 256, help: 'payload' },
  mode: {
    flag: 'mode',
    kind: 'enum',
    values: ['echo', 'unicast', 'broadcast'],
    default: 'echo',
    help: 'what to drive',
  },
  tcp: { flag: 'tcp', kind: 'address', repeatable: true, help: 'listen here' },
  tokenFile: { flag: 'token-file', kind: 'file', help: 'a file' },
  token: { flag: 'token', kind: 'string', secret: true, help: 'a secret' },
  verify: { flag: 'verify', kind: 'boolean', default: true, help: 'do not check certificates' },
})

export type SampleContext = CommandContext<OptionsOf<typeof SAMPLE_OPTIONS>>

/** The verb `sample`, whose run is given by the test. */
export function sampleVerbs(run: (context: SampleContext) => Promise<number>): readonly Verb[] {
  const command = defineCommand({
    name: 'sample',
    summary: 'a verb for tests',
    arguments: [{ name: 'TARGET', help: 'what to drive', repeatable: true }],
    options: SAMPLE_OPTIONS,
    examples: [{ line: 'pushctl sample -c 10k', help: 'ten thousand' }],
    profiles: 'load',
    check: (options) =>
      options.durationMs > 60_000 && options.mode === 'echo'
        ? [new PushctlError('PUSHCTL_CONFIG', '--mode echo must end within 1m')]
        : [],
    run,
  })
  return [{ name: 'sample', summary: command.summary, load: async () => ({ command }) }]
}
