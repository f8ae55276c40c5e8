/**
 * From the options of bench to its targets, and to the way in which pushes reach them: what each
 * protocol allows is worked out here, purely.
 */
import type { OptionsOf } from '../../config/option-table.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { templateFault } from '../../loadgen/target/message-template.ts'
import {
  isPush,
  parseTarget,
  protocolTitle,
  type TargetAddress,
} from '../../loadgen/target/target-address.ts'
import type { WireSettings } from '../../loadgen/target/wire-settings.ts'
import { needsPublisher, type WorkloadMode } from '../../loadgen/workload.ts'
import type { TARGET_OPTIONS } from './target-options.ts'

export interface TargetOptions extends OptionsOf<typeof TARGET_OPTIONS> {
  readonly mode: WorkloadMode
  readonly publish: string | undefined
  readonly engine: 'auto' | 'epoll' | 'node'
}

/** Where `pushctl serve` has its HTTP API by default. */
const NODE_HTTP_PORT = 7002

const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/

/** @throws PushctlError PUSHCTL_USAGE for what is no target, or a wrong header. */
export function targetsFrom(
  options: TargetOptions,
  positional: readonly string[],
): readonly TargetAddress[] {
  const wishes = {
    protocol: options.targetProtocol ?? null,
    wire: wireFrom(options),
    tls: { ca: null, isVerified: !options.insecureTarget },
  }
  return positional.map((word) => parseTarget(word, wishes))
}

export interface PublishSettings {
  /** HTTP API of the push node; null: there is none, or the node is our own and will tell. */
  readonly publishUrl: string | null
  readonly publishElsewhere?: { readonly url: string | null }
}

/**
 * Push nodes have an HTTP API. For others `--publish` with a path is where each push is POSTed,
 * without one the API of a push node; where it is not given, pushes go over the target's protocol.
 */
export function publishSettings(
  { publish }: TargetOptions,
  targets: readonly TargetAddress[],
): PublishSettings {
  const target = targets[0]
  if (target === undefined) return { publishUrl: publish ?? null }
  if (publish !== undefined) {
    if (isPush(target.carrier) || new URL(publish).pathname === '/') return { publishUrl: publish }
    return { publishUrl: null, publishElsewhere: { url: publish } }
  }
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  if (isPush(target.carrier)) return { publishUrl: `http://${host}:${NODE_HTTP_PORT}` }
  // A node serves events where it has its API.
  const scheme = target.tls === undefined ? 'http' : 'https'
  if (isDownOnly(target)) return { publishUrl: `${scheme}://${host}:${target.port}` }
  return { publishUrl: null, publishElsewhere: { url: null } }
}

/** What is wrong with the options of targets, those of one target word left out. */
export function targetFaults(
  options: TargetOptions,
  targets: readonly TargetAddress[],
): readonly PushctlError[] {
  const carrier = targets[0]?.carrier
  const { messageTemplate } = options
  return [
    ...trustFaults(options, targets),
    ...(carrier === 'socket-io' ? socketIoFaults(options) : []),
    ...badTemplate('--template', messageTemplate, true),
    ...badTemplate('--first-message', options.firstMessage, false),
    ...targets
      .filter((target) => protocolTitle(target.carrier) !== protocolTitle(targets[0].carrier))
      .map(({ url }) => fault(`targets must speak one protocol, got "${url}"`)),
    ...(targets.some(isDownOnly) && options.mode === 'echo'
      ? [
          fault(
            `--mode echo does not go with ${carrier}+http://: events go down only`,
            '--mode unicast',
          ),
        ]
      : []),
    ...(carrier === 'mqtt' && options.publish !== undefined && needsPublisher(options.mode)
      ? [fault('--publish does not go with mqtt://: pushes are published to the broker')]
      : []),
  ]
}

function socketIoFaults({ namespace, firstMessage, messageTemplate }: TargetOptions) {
  return [
    ...(namespace.startsWith('/')
      ? []
      : [fault(`--namespace must begin with /, got "${namespace}"`)]),
    ...notJson('--first-message', firstMessage),
    ...notJson('--template', messageTemplate),
  ]
}

/** An argument of Socket.IO is JSON, whatever stands in the place of {payload}. */
function notJson(flag: string, text: string | undefined): PushctlError[] {
  try {
    if (text !== undefined) JSON.parse(text)
    return []
  } catch {
    return [
      fault(`${flag} must be JSON for Socket.IO, got "${text}"`, `${flag} '{"text":"{payload}"}'`),
    ]
  }
}

function trustFaults(
  { caFile, insecureTarget, engine }: TargetOptions,
  targets: readonly TargetAddress[],
): PushctlError[] {
  const secure = targets.find(({ tls }) => tls !== undefined)
  if (secure !== undefined) {
    const faults: PushctlError[] = []
    if (caFile !== undefined && insecureTarget) {
      faults.push(fault('expected --ca-file or --insecure-target, got both'))
    }
    if (engine === 'epoll') {
      faults.push(fault(`--engine epoll has no TLS, got ${secure.url}`, '--engine node'))
    }
    return faults
  }
  const flag = caFile !== undefined ? '--ca-file' : '--insecure-target'
  if (caFile === undefined && !insecureTarget) return []
  return [fault(`${flag} needs a target with TLS`, 'tls://, wss://, mqtts://, sse+https://')]
}

/** Served over HTTP, with no way up. */
function isDownOnly({ carrier }: TargetAddress): boolean {
  return carrier === 'sse' || carrier === 'poll'
}

function badTemplate(flag: string, text: string | undefined, needsPayload: boolean) {
  const reason = text === undefined ? null : templateFault(text, needsPayload)
  return reason === null ? [] : [fault(`the text of ${flag} ${reason}, got "${text}"`)]
}

function wireFrom(options: TargetOptions): WireSettings {
  return {
    headers: Object.fromEntries(options.headers.map(headerFrom)),
    subprotocols: options.subprotocols,
    firstMessage: options.firstMessage ?? null,
    welcomeText: options.welcomeText ?? null,
    answer: options.answer === undefined ? null : answerFrom(options.answer),
    messageTemplate: options.messageTemplate ?? null,
    event: options.event,
    namespace: options.namespace,
    mqttVersion: options.mqttVersion,
    qos: options.qos === '1' ? 1 : 0,
    deviceTopic: options.deviceTopic,
    broadcastTopic: options.broadcastTopic,
    credentials: null,
  }
}

function answerFrom(text: string): NonNullable<WireSettings['answer']> {
  const at = text.indexOf('=')
  if (at > 0) return { to: text.slice(0, at), text: text.slice(at + 1) }
  throw fault(`--answer must be TEXT=TEXT, got "${text}"`, '--answer 2=3')
}

function headerFrom(text: string): [name: string, value: string] {
  const match = HEADER.exec(text)
  if (match) return [match[1], match[2]]
  throw fault(`--header must be 'Name: value', got "${text.split(':')[0]}"`)
}

function fault(message: string, ...tries: string[]): PushctlError {
  return new PushctlError('PUSHCTL_USAGE', message, { tries })
}
