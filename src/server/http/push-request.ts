/**
 * Checks one push as it came in JSON, and decodes it. Written by hand instead of by a schema
 * validator, because a batch stream calls it for every line and wants one detail sentence, not a
 * list. Fields of later versions are refused by name, never silently dropped.
 */
import type { PushAddress, PushRequest, StoredPush } from '../node-control.ts'
import type { HttpLimits } from './limits.ts'
import { type Problem, problemOf } from './problem.ts'

declare global {
  interface String {
    /** ES2024; Node has it since version 20. */
    isWellFormed(): boolean
  }
}

const FIELDS = ['to', 'payload', 'payload64', 'mode', 'qos', 'ttlSeconds', 'id']
const KNOWN_FIELDS = new Set(FIELDS)
const LATER_FIELDS = new Set(['rate'])
const MODES = { direct: 'DIRECT', notify: 'NOTIFY', lazy: 'LAZY' } as const
/** A week: what nobody has fetched by then is no news. */
const TTL_SECONDS_DEFAULT = 7 * 86_400
export const TTL_SECONDS_MAX = 30 * 86_400

export function isProblem(checked: PushRequest | Problem): checked is Problem {
  return 'code' in checked
}

/**
 * The payload may be a view into a larger pooled buffer: copy its bytes, do not transfer its
 * buffer.
 */
export function checkPushRequest(body: unknown, limits: HttpLimits): PushRequest | Problem {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return problemOf('bad-field', `a push must be a JSON object, got ${nameOf(body)}`)
  }
  const fields = body as Record<string, unknown>
  for (const name in fields) {
    if (KNOWN_FIELDS.has(name)) continue
    if (LATER_FIELDS.has(name)) {
      const detail = `"${name}": this version of the node does not pace single pushes`
      return problemOf('not-supported', detail)
    }
    return problemOf('unknown-field', `a push has no field ${quoted(name)}`)
  }
  const stored = checkStorage(fields)
  if (stored !== null && 'code' in stored) return stored
  const { id } = fields
  if (id !== undefined && !isName(id, limits.deviceIdBytesMax)) {
    const rule = `id must be a string of 1-${limits.deviceIdBytesMax} bytes`
    return problemOf('bad-field', `${rule}, got ${nameOf(id)}`)
  }
  const to = checkAddress(fields.to, limits)
  if ('code' in to) return to
  if (stored !== null && stored.mode !== 'DIRECT' && to.kind !== 'devices') {
    return problemOf('not-supported', `mode "${fields.mode}" is for named devices`)
  }
  const payload = decodePayload(fields, limits)
  if ('code' in payload) return payload
  if (stored === null && id === undefined) return { to, payload }
  return { to, payload, ...(stored && { stored }), ...(id === undefined ? {} : { id }) }
}

/** null: nothing is to be stored. */
function checkStorage(fields: Record<string, unknown>): StoredPush | Problem | null {
  const { qos, mode, ttlSeconds } = fields
  if (qos === undefined && mode === undefined && ttlSeconds === undefined) return null
  if (qos !== undefined && qos !== 0 && qos !== 1) {
    return problemOf('bad-field', `qos must be 0 or 1, got ${nameOf(qos)}`)
  }
  if (mode !== undefined && !(typeof mode === 'string' && Object.hasOwn(MODES, mode))) {
    const rule = 'mode must be "direct", "notify" or "lazy"'
    return problemOf('bad-field', `${rule}, got ${nameOf(mode)}`)
  }
  if (qos !== 1) {
    if (mode !== undefined && mode !== 'direct') {
      return problemOf('bad-field', `mode "${mode}" needs qos 1: the push waits in the inbox`)
    }
    if (ttlSeconds === undefined) return null
    return problemOf('bad-field', 'ttlSeconds needs qos 1: nothing else is kept')
  }
  const ttl = ttlSeconds ?? TTL_SECONDS_DEFAULT
  if (!Number.isInteger(ttl) || (ttl as number) < 1 || (ttl as number) > TTL_SECONDS_MAX) {
    const rule = `ttlSeconds must be an integer from 1 to ${TTL_SECONDS_MAX}`
    return problemOf('bad-field', `${rule}, got ${nameOf(ttlSeconds)}`)
  }
  return { ttlSeconds: ttl as number, mode: MODES[(mode ?? 'direct') as keyof typeof MODES] }
}

function checkAddress(to: unknown, limits: HttpLimits): PushAddress | Problem {
  if (to === 'all') return { kind: 'all' }
  if (Array.isArray(to)) return checkDeviceIds(to, limits)
  if (typeof to === 'object' && to !== null) {
    const { tag } = to as { tag?: unknown }
    if (Object.keys(to).length === 1 && isName(tag, limits.deviceIdBytesMax)) {
      return { kind: 'tag', tag }
    }
    return problemOf('bad-field', `to.tag must be a tag of 1-${limits.deviceIdBytesMax} bytes`)
  }
  return problemOf('bad-field', `to must be ["id", …], {"tag": "t"} or "all", got ${nameOf(to)}`)
}

function checkDeviceIds(ids: unknown[], limits: HttpLimits): PushAddress | Problem {
  if (ids.length === 0) return problemOf('bad-field', 'to must name at least one device, got []')
  if (ids.length > limits.deviceIdsPerPushMax) {
    const rule = `to may name at most ${limits.deviceIdsPerPushMax} devices`
    return problemOf('too-many-devices', `${rule}, got ${ids.length}; use a tag or several pushes`)
  }
  for (let index = 0; index < ids.length; index++) {
    if (isName(ids[index], limits.deviceIdBytesMax)) continue
    const rule = `to[${index}] must be a device id of 1-${limits.deviceIdBytesMax} bytes`
    return problemOf('bad-field', `${rule}, got ${nameOf(ids[index])}`)
  }
  const deviceIds = ids.length === 1 ? ids : [...new Set(ids)]
  return { kind: 'devices', deviceIds: deviceIds as string[] }
}

/** True for a non-empty string that UTF-8 can carry unchanged in at most bytesMax. */
export function isName(value: unknown, bytesMax: number): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > bytesMax) return false
  if (!value.isWellFormed()) return false
  // UTF-8 takes at most three bytes for each UTF-16 unit, so short names need no count.
  return value.length * 3 <= bytesMax || Buffer.byteLength(value) <= bytesMax
}

function decodePayload(fields: Record<string, unknown>, limits: HttpLimits): Uint8Array | Problem {
  const { payload, payload64 } = fields
  if ((payload === undefined) === (payload64 === undefined)) {
    const got = payload === undefined ? 'neither' : 'both'
    return problemOf('bad-field', `exactly one of payload and payload64 is needed, got ${got}`)
  }
  const name = payload === undefined ? 'payload64' : 'payload'
  const text = payload === undefined ? payload64 : payload
  if (typeof text !== 'string') {
    return problemOf('bad-field', `${name} must be a string, got ${nameOf(text)}`)
  }
  if (name === 'payload' && !text.isWellFormed()) {
    return problemOf('bad-field', 'payload has a lone surrogate; send such bytes as payload64')
  }
  const bytes = Buffer.from(text, name === 'payload' ? 'utf8' : 'base64')
  if (name === 'payload64' && !isWholeBase64(text, bytes.length)) {
    return problemOf('bad-field', 'payload64 must be base64 (standard or URL-safe alphabet)')
  }
  if (bytes.length > limits.payloadBytesMax) {
    const rule = `a payload may have at most ${limits.payloadBytesMax} bytes`
    return problemOf('payload-too-large', `${rule}, got ${bytes.length}`)
  }
  return bytes
}

/**
 * Node's decoder skips what is not base64 instead of failing. Each skipped character makes the
 * result shorter than the text promises, so comparing lengths finds them all without a second look
 * at the text.
 */
function isWholeBase64(text: string, decodedBytes: number): boolean {
  let digits = text.length
  if (text.endsWith('==')) digits -= 2
  else if (text.endsWith('=')) digits -= 1
  if (digits !== text.length && text.length % 4 !== 0) return false
  return digits % 4 !== 1 && Math.floor((digits * 3) / 4) === decodedBytes
}

/** What was got, short enough for one sentence and never a whole payload. */
function nameOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? quoted(value) : String(value)
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
