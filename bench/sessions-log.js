/**
 * The log of stored broadcasts with a million entries, for sessions.js: filled, told to a shard,
 * and read by devices that come back with old cursors. A real folder, the node's own log
 * and a shard's own, in one thread, so that one collector sees all of it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'

const PAYLOAD_BYTES = 256
/** One entry in a thousand is for all, the others for one of so many tags. */
const TAGS = 10_000
const TO_ALL_EVERY = 1_000
const TAGS_OF_DEVICE = 2
const RETURNING = 2_000
/** A number without common factors: devices come in no order of their cursors. */
const STRIDE = 787
const QUIET_MS = 500
const PUSHES_AT_ONCE = 256
const WILL_ACK = 2
const ACK_ALL = 0xffffffff

/** The main thread's half and a shard's half, joined by messages that wait for the next turn. */
class Stage {
  #server
  #folder = mkdtempSync(join(tmpdir(), 'pushctl-log-'))
  shard
  log
  inbox

  constructor(server) {
    this.#server = server
  }

  async open(entries) {
    const { DiskStore, Inbox, DEFAULT_INBOX_LIMITS, BroadcastLog } = this.#server
    const store = await DiskStore.open(this.#folder)
    const events = { onStored() {}, onRemoved() {} }
    this.inbox = new Inbox(store, DEFAULT_INBOX_LIMITS, events)
    const limits = { entriesMax: entries, bytesMax: 1 << 30 }
    const key = new Uint32Array([1, 2, 3, 4])
    this.log = new BroadcastLog({ alive: [] }, this.inbox.commits, key, limits)
    await this.inbox.load((name, value) => {
      if (name.startsWith('b/')) this.log.load(name, value)
    })
    this.log.start(store)
  }

  /** A shard that is told all there is. */
  connect(parts) {
    const orders = new this.#server.LogOrders(parts.log, parts.broadcasts, () => {})
    const post = (message) => void setImmediate().then(() => orders.apply(message))
    this.shard = { index: 0, isAlive: true, link: { post } }
    this.log.tell(this.shard)
  }

  onMessage(message) {
    if (message.kind === 'log-wanted') void this.log.onWanted(this.shard, message)
    if (message.kind === 'log-progress') this.log.onProgress(message)
  }

  async close() {
    this.log.stop()
    await this.inbox.close()
  }

  remove() {
    rmSync(this.#folder, { recursive: true })
  }
}

async function fill(stage, entries) {
  const payload = new Uint8Array(PAYLOAD_BYTES)
  for (let from = 0; from < entries; from += PUSHES_AT_ONCE) {
    const pushes = []
    for (let at = from; at < Math.min(entries, from + PUSHES_AT_ONCE); at++) {
      const tag = at % TO_ALL_EVERY === 0 ? null : `tag-${at % TAGS}`
      pushes.push(stage.log.push(`push-${at}`, tag, payload, 86_400, []))
    }
    await Promise.all(pushes)
  }
}

/** Until nothing more is sent: windows, acks, payloads from the disk. */
async function catchUp(parts, engine, devices) {
  let acked = -1
  while (engine.sent !== acked) {
    acked = engine.sent
    for (let slot = 0; slot < devices; slot++) parts.log.onAck(slot, ACK_ALL)
    await quiet(engine)
  }
}

async function quiet(engine) {
  let sent = -1
  while (engine.sent !== sent) {
    sent = engine.sent
    await sleep(QUIET_MS)
  }
}

export async function measureLongLog(server, openShard, entries, pauses, measured) {
  const stage = new Stage(server)
  try {
    await stage.open(entries)
    await fill(stage, entries)
    const fillPauseMs = await pauses.take()
    await stage.close()

    await stage.open(entries)
    const { parts, engine } = openShard(server, RETURNING, (message) => stage.onMessage(message))
    for (let slot = 0; slot < RETURNING; slot++) {
      for (let tag = 0; tag < TAGS_OF_DEVICE; tag++) {
        parts.tags.bind(slot, `tag-${(slot * 7 + tag * 13) % TAGS}`)
      }
    }
    globalThis.gc?.()
    const startPauseMs = await pauses.take()

    engine.sent = 0
    stage.connect(parts)
    await quiet(engine)
    const cpuMs = await measured(async () => {
      for (let slot = 0; slot < RETURNING; slot++) {
        // From one that missed nothing to one that missed all, evenly.
        const place = (slot * STRIDE) % RETURNING
        parts.log.onHello(slot, WILL_ACK, Math.floor((entries * place) / RETURNING))
        parts.log.catchUp(slot)
      }
      await catchUp(parts, engine, RETURNING)
    })
    const scanPauseMs = await pauses.take()
    const sentInAll = engine.sent
    const scanMs = await measured(() => {
      for (let slot = 0; slot < RETURNING; slot++) {
        parts.log.onHello(slot, WILL_ACK, entries - 1 - (slot % 100))
        parts.log.catchUp(slot)
      }
    })
    await catchUp(parts, engine, RETURNING)
    await stage.close()
    return {
      fillPauseMs,
      startPauseMs,
      scanPauseMs,
      cpuMs,
      scanMs,
      sent: sentInAll,
      devices: RETURNING,
    }
  } finally {
    stage.remove()
  }
}
