/**
 * pushctl listen: is one device. It prints what it receives and comes back as the BYE codes tell it
 * to, so it is also the smallest complete client of the protocol. Without --count it has no end of
 * its own: Ctrl-C is how it ends well.
 */
import { defineCommand } from '../config/command.ts'
import { defineOptions } from '../config/option-table.ts'
import { EXIT, exitCodeOfSignal } from '../errors/exit-codes.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import type { PayloadKey } from '../protocol/payload-keys.ts'
import { LIMITS, NETWORK } from '../protocol/frame-types.ts'
import { parseTarget } from './listen/device-target.ts'

const NETWORKS = {
  unknown: NETWORK.UNKNOWN,
  wifi: NETWORK.WIFI,
  '2g': NETWORK.G2,
  '3g': NETWORK.G3,
  '4g': NETWORK.G4,
  '5g': NETWORK.G5,
  wired: NETWORK.WIRED,
} as const

export const LISTEN_OPTIONS = defineOptions({
  device: { flag: 'device', kind: 'string', required: true, help: 'the device id to listen as' },
  token: {
    flag: 'token',
    kind: 'string',
    env: 'PUSHCTL_DEVICE_TOKEN',
    secret: true,
    help: 'token of the device, where the node asks for one; others on this host can see it',
  },
  tokenFile: { flag: 'token-file', kind: 'file', env: false, help: 'token from this file' },
  tag: { flag: 'tag', kind: 'string', repeatable: true, env: false, help: 'a tag to listen to' },
  network: {
    flag: 'network',
    kind: 'enum',
    values: ['unknown', 'wifi', '2g', '3g', '4g', '5g', 'wired'],
    default: 'unknown',
    help: 'what the device says it is on',
  },
  count: { flag: 'count', kind: 'count', min: 1, env: false, help: 'end after this many messages' },
  payloadKeyFile: {
    flag: 'payload-key-file',
    kind: 'file',
    env: false,
    help: 'key of this device, "NUMBER HEX": asks for sealed payloads and opens them',
  },
  readable: {
    flag: 'readable',
    kind: 'boolean',
    default: false,
    help: 'speak JSON (push.v1.json) over WebSocket',
  },
})

export const command = defineCommand({
  name: 'listen',
  summary: 'be one device and print what it receives',
  description: 'Reconnects as the node tells it to. Ctrl-C ends it.',
  arguments: [{ name: 'TARGET', help: 'tcp://host:port or ws://host:port/', required: true }],
  options: LISTEN_OPTIONS,
  examples: [
    {
      line: 'pushctl listen tcp://127.0.0.1:7000 --device phone-1',
      help: 'a device of a node on this machine',
    },
    {
      line: 'pushctl listen ws://127.0.0.1:7001/ --device phone-1 --tag news --count 1 --json',
      help: 'one message, as JSON',
    },
  ],
  check(options, positional) {
    const rules: [isBroken: boolean, message: string][] = [
      [
        !isWithin(options.device, LIMITS.deviceIdBytesMax),
        `--device must be an id of 1-${LIMITS.deviceIdBytesMax} bytes`,
      ],
      [
        !isWithin(options.token ?? 'x', LIMITS.tokenBytesMax),
        `--token must have at most ${LIMITS.tokenBytesMax} bytes`,
      ],
      [
        options.tag.length > LIMITS.tagCountMax,
        `--tag may be given ${LIMITS.tagCountMax} times, got ${options.tag.length}`,
      ],
      [
        options.tag.some((tag) => !isWithin(tag, LIMITS.tagBytesMax)),
        `--tag must have 1-${LIMITS.tagBytesMax} bytes`,
      ],
    ]
    const faults = rules.filter(([isBroken]) => isBroken)
    const target = parseTarget(positional[0] ?? '')
    if (target === null) {
      const rule = 'TARGET must be tcp://host:port or ws://host:port/path'
      faults.push([true, `${rule}, got "${positional[0]}"`])
    } else if (options.readable && target.kind === 'tcp') {
      faults.push([true, `--readable needs a ws:// target, got "${target.url}"`])
    }
    return faults.map(([, message]) => new PushctlError('PUSHCTL_CONFIG', message))
  },
  async run(context) {
    const { options, signal, stdout, json, note } = context
    const { listenToNode } = await import('./listen/device-loop.ts')
    const { messageLine } = await import('./listen/message-line.ts')
    const token = options.tokenFile === undefined ? options.token : await readToken(context)
    const target = parseTarget(context.positional[0] ?? '')
    if (target === null) throw new PushctlError('PUSHCTL_USAGE', 'TARGET is missing')
    const received = await listenToNode({
      target,
      readable: options.readable,
      identity: {
        deviceId: options.device,
        token: token ?? '',
        tags: options.tag,
        network: NETWORKS[options.network],
        payloadKey: await readPayloadKey(context),
        cursor: { inboxSeq: 0, broadcastSeq: 0 },
      },
      countMax: options.count ?? Number.POSITIVE_INFINITY,
      signal,
      note,
      onMessage: (message) =>
        stdout.write(messageLine(message, options.device, context.now(), json)),
      onceTaken: (resume) => void stdout.once('drain', resume),
    })
    if (options.count === undefined || received >= options.count) return EXIT.OK
    return exitCodeOfSignal(signal.reason)
  },
})

function isWithin(text: string, bytesMax: number): boolean {
  return text.length > 0 && Buffer.byteLength(text) <= bytesMax
}

async function readPayloadKey(context: {
  readonly options: { readonly payloadKeyFile: string | undefined }
  note(line: string): void
}): Promise<PayloadKey | undefined> {
  const { payloadKeyFile } = context.options
  if (payloadKeyFile === undefined) return undefined
  const { readPayloadKeys } = await import('../server/payload/payload-key-file.ts')
  const { keys, warning } = await readPayloadKeys(payloadKeyFile)
  if (warning !== null) context.note(warning)
  return keys[0]
}

async function readToken(context: {
  readonly options: { readonly tokenFile: string | undefined }
  note(line: string): void
}): Promise<string> {
  const { readSecretFile } = await import('../server/auth/secret-file.ts')
  const { text, warning } = await readSecretFile('--token-file', context.options.tokenFile ?? '')
  if (warning !== null) context.note(warning)
  return text.trim()
}
