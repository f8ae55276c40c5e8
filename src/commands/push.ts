/**
 * pushctl push: sends one push through the HTTP API of a node and prints to how many devices it
 * went. With --qos 1 it is stored until the devices ack it, and --wait stays until they all have.
 */
import { defineCommand } from '../config/command.ts'
import { defineOptions } from '../config/option-table.ts'
import { EXIT } from '../errors/exit-codes.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import type { PushAnswer, PushReceipt } from './push/node-client.ts'
import { payloadFaults, unstoredFaults } from './push/push-faults.ts'
import { CLUSTER_LINK_OPTIONS } from './serve-cluster-options.ts'

export const PUSH_OPTIONS = defineOptions({
  to: { flag: 'to', kind: 'string', repeatable: true, env: false, help: 'a device to push to' },
  tag: { flag: 'tag', kind: 'string', env: false, help: 'push to every device with this tag' },
  all: {
    flag: 'all',
    kind: 'boolean',
    default: false,
    env: false,
    help: 'push to every device of the node',
  },
  mode: {
    flag: 'mode',
    kind: 'enum',
    values: ['direct', 'notify', 'lazy'],
    default: 'direct',
    env: false,
    help:
      'direct: send it now; with --qos 1 also notify: tell the device, which pulls it; lazy: ' +
      'send it with the next heartbeat',
  },
  qos: {
    flag: 'qos',
    kind: 'enum',
    values: ['0', '1'],
    default: '0',
    env: false,
    help: '0: devices that are online now, never stored; 1: stored until acked or expired',
  },
  ttlMs: {
    flag: 'ttl',
    kind: 'duration',
    min: 1_000,
    max: 30 * 86_400_000,
    env: false,
    help: 'how long a stored push is kept; 7 days if not given',
  },
  id: {
    flag: 'id',
    kind: 'string',
    placeholder: 'KEY',
    env: false,
    help: 'idempotency key: pushing again with it within ten minutes changes nothing',
  },
  wait: {
    flag: 'wait',
    kind: 'boolean',
    default: false,
    env: false,
    help: 'with --qos 1: stay until every device has acked, and print the receipts',
  },
  file: { flag: 'file', kind: 'file', env: false, help: 'payload from this file; - is stdin' },
  node: {
    flag: 'node',
    kind: 'url',
    default: 'http://127.0.0.1:7002',
    help: 'HTTP address of the node',
  },
  adminTokenFile: {
    flag: 'admin-token-file',
    kind: 'file',
    help: 'admin token of the node; or give it as PUSHCTL_ADMIN_TOKEN',
  },
  ...CLUSTER_LINK_OPTIONS,
})

export const command = defineCommand({
  name: 'push',
  summary: 'push a message to devices of a node',
  description: 'The payload is the word after the options, or --file.',
  arguments: [{ name: 'PAYLOAD', help: 'the text to push' }],
  options: PUSH_OPTIONS,
  examples: [
    { line: 'pushctl push --to phone-1 "hello"', help: 'one device of a node on this machine' },
    {
      line: 'pushctl push --to phone-1 --qos 1 --ttl 1h --wait "hello"',
      help: 'stored until it is acked, and told when it is',
    },
    { line: 'pushctl push --tag news --file - < story.json', help: 'all devices with a tag' },
    { line: 'pushctl push --all --node http://10.0.0.7:7002 "bye"', help: 'all devices of a node' },
  ],
  check(options, positional) {
    const faults: PushctlError[] = []
    const targets = [options.to.length > 0, options.tag !== undefined, options.all]
    const targetCount = targets.filter(Boolean).length
    if (targetCount !== 1) {
      const got = targetCount === 0 ? 'none' : String(targetCount)
      faults.push(
        new PushctlError('PUSHCTL_CONFIG', `one of --to, --tag and --all is needed, got ${got}`, {
          tries: ['pushctl push --to DEVICE "hello"'],
        }),
      )
    }
    const messages = [
      ...payloadFaults(positional.length, options.file),
      ...unstoredFaults(options),
      ...addressFaults(options),
    ]
    faults.push(...messages.map((message) => new PushctlError('PUSHCTL_CONFIG', message)))
    const { protocol } = new URL(options.node)
    if (protocol !== 'http:' && protocol !== 'https:') {
      const message = `--node must be an http:// or https:// URL, got "${options.node}"`
      faults.push(new PushctlError('PUSHCTL_CONFIG', message))
    }
    return faults
  },
  async run(context) {
    const { options, positional, env, stdin, signal, note, result } = context
    const { readPayload } = await import('./push/payload-source.ts')
    const { getReceipt, postPush } = await import('./push/node-client.ts')
    const { readAdminToken } = await import('../server/auth/admin-token.ts')
    const admin = await readAdminToken({
      file: options.adminTokenFile,
      environment: env.PUSHCTL_ADMIN_TOKEN,
    })
    if (admin?.warning) note(admin.warning)
    const payload = await readPayload({ text: positional[0], file: options.file, stdin, signal })
    const to = options.all ? 'all' : options.tag !== undefined ? { tag: options.tag } : options.to
    const { mode, id, ttlMs, cluster } = options
    const node =
      cluster === undefined
        ? options.node
        : await (await import('./cluster/live-nodes.ts')).findAnyNode(context, cluster)
    const push = {
      ...{ to, payload64: payload.toString('base64'), mode, qos: Number(options.qos) },
      ...(ttlMs === undefined ? {} : { ttlSeconds: Math.ceil(ttlMs / 1000) }),
      ...(id === undefined ? {} : { id }),
    }
    const token = admin?.token ?? null
    const outcome = await postPush(node, push, token, signal)
    const schema = 'pushctl.push/1'
    if (!options.wait) {
      await result({ schema, node, ...outcome }, sentenceOf(outcome))
      return EXIT.OK
    }
    note(sentenceOf(outcome))
    const { untilDone } = await import('./push/receipt-wait.ts')
    const read = () => getReceipt(node, outcome.pushId, token, signal)
    const receipt = await untilDone(read, note, signal)
    await result({ schema, node, ...outcome, ...receipt }, receiptSentence(receipt))
    return receipt.acked === receipt.stored ? EXIT.OK : EXIT.TARGET
  },
})

/** Of a push that must wait for its devices, so must know them. */
function addressFaults({
  qos,
  mode,
  wait,
  to,
}: {
  readonly qos: string
  readonly mode: string
  readonly wait: boolean
  readonly to: readonly string[]
}): string[] {
  if (qos === '0') {
    return mode === 'direct' ? [] : [`--mode ${mode} needs --qos 1: the push must wait`]
  }
  if (to.length > 0) return []
  const faults: string[] = []
  if (wait) faults.push('--wait needs --to: nobody knows who a broadcast is still for')
  if (mode !== 'direct') faults.push(`--mode ${mode} needs --to: it is for named devices`)
  return faults
}

function sentenceOf({ accepted, stored, online, pushId }: PushAnswer): string {
  const devices = accepted === 1 ? '1 device' : `${accepted} devices`
  if (stored > 0 && stored === accepted) {
    return `push ${pushId}: stored for ${devices}, ${online} online`
  }
  if (stored > 0) return `push ${pushId}: stored, ${online} online`
  return `push ${pushId}: ${devices} addressed, sent to ${online} online`
}

function receiptSentence({ acked, stored, expired, trimmed }: PushReceipt): string {
  const lost = expired + trimmed === 0 ? '' : `, ${expired} expired, ${trimmed} trimmed`
  return `acked by ${acked} of ${stored}${lost}`
}
