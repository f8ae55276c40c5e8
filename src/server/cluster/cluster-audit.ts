/**
 * Holds what this node believes of its devices against Redis, and mends either side: after Redis
 * was away, after frames were lost, after a node died that may have stored pushes and not told of
 * them; and all the time, slowly, because keys of connected devices must not expire. A device whose
 * newer session is elsewhere is closed, an inbox that is ahead is read.
 */
import { AUDIT_STATE, type DeviceRegistry } from '../../cluster/device-registry.ts'
import { hashText } from '../../cluster/key-names.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { BYE } from '../../protocol/frame-types.ts'
import type { Directory } from '../directory.ts'
import type { RemoteInbox } from '../inbox/remote-inbox.ts'
import type { ClusterSessions } from './cluster-sessions.ts'

/** Devices of one question. */
const STEP_DEVICES = 1_024
const SLOW_STEP_MS = 2_000

export interface ClusterAuditParts {
  readonly registry: DeviceRegistry
  readonly directory: Directory
  readonly inbox: RemoteInbox
  readonly sessions: ClusterSessions
}

interface Believed {
  readonly hash: string
  readonly high: number
  readonly low: number
  readonly session: number
  readonly nextSeq: number
}

export class ClusterAudit {
  readonly #parts: ClusterAuditParts
  /** Hashes of the slow round, and how far it is. */
  #round: Uint32Array = new Uint32Array(0)
  #at = 0
  #timer: NodeJS.Timeout | undefined
  #running: Promise<boolean> | null = null
  #isWantedAgain = false
  /** Being read; true: there was more since it was asked. */
  readonly #catching = new Map<string, boolean>()

  constructor(parts: ClusterAuditParts) {
    this.#parts = parts
  }

  start(): void {
    this.#timer = setInterval(() => void this.#slowStep(), SLOW_STEP_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /**
   * All devices, now; true where Redis answered for each. Asked again while it runs, it starts once
   * more when it is done.
   */
  all(): Promise<boolean> {
    if (this.#running !== null) {
      this.#isWantedAgain = true
      return this.#running
    }
    this.#running = this.#all().finally(() => (this.#running = null))
    return this.#running
  }

  /** Reads what the device's inbox has beyond what this node knows. */
  readonly catchUp = (hash: string, high: number, low: number): void => {
    if (this.#catching.has(hash)) return void this.#catching.set(hash, true)
    this.#catching.set(hash, false)
    const { inbox, registry } = this.#parts
    void registry.tail([hash], [inbox.nextSeqOf(high, low)]).then(([tail]) => {
      const isStale = this.#catching.get(hash) === true
      this.#catching.delete(hash)
      // Where Redis does not answer, the audit that follows finds it.
      if (tail instanceof PushctlError) return
      inbox.catchUp(high, low, tail.firstSeq, tail.heads)
      if (isStale) this.catchUp(hash, high, low)
    })
  }

  async #all(): Promise<boolean> {
    for (;;) {
      this.#isWantedAgain = false
      const hashes = this.#parts.directory.hashes()
      let isWhole = true
      for (let at = 0; at < hashes.length; at += 2 * STEP_DEVICES) {
        isWhole = (await this.#step(hashes.subarray(at, at + 2 * STEP_DEVICES))) && isWhole
      }
      if (!isWhole || !this.#isWantedAgain) return isWhole
    }
  }

  async #slowStep(): Promise<void> {
    if (this.#running !== null) return
    if (this.#at >= this.#round.length) {
      this.#round = this.#parts.directory.hashes()
      this.#at = 0
    }
    const from = this.#at
    this.#at += 2 * STEP_DEVICES
    await this.#step(this.#round.subarray(from, this.#at))
  }

  async #step(hashes: Uint32Array): Promise<boolean> {
    const believed = this.#believe(hashes)
    if (believed.length === 0) return true
    const answers = await this.#parts.registry.audit(
      believed.map(({ hash }) => hash),
      believed.map(({ session }) => session),
      believed.map(({ nextSeq }) => nextSeq),
    )
    let isWhole = true
    const stale: Believed[] = []
    for (let i = 0; i < answers.length; i++) {
      const answer = answers[i]
      const device = believed[i]
      if (answer instanceof PushctlError) isWhole = false
      else if (answer.state === AUDIT_STATE.ELSEWHERE) {
        this.#parts.sessions.close(device, BYE.REPLACED)
      } else if (answer.state === AUDIT_STATE.WRITTEN) {
        if (this.#isStillHere(device)) stale.push(device)
        else void this.#parts.registry.release([device.hash], [device.session])
      } else if (answer.nextSeq > device.nextSeq) {
        this.catchUp(device.hash, device.high, device.low)
      }
    }
    return (await this.#resync(stale)) && isWhole
  }

  /** Redis had lost the device: what this node holds of its inbox may be gone too. */
  async #resync(devices: readonly Believed[]): Promise<boolean> {
    const touched = devices.filter(({ nextSeq }) => nextSeq > 1)
    if (touched.length === 0) return true
    const hashes = touched.map(({ hash }) => hash)
    const tails = await this.#parts.registry.tail(hashes, new Array(hashes.length).fill(0))
    return tails
      .map((tail, i) => {
        if (tail instanceof PushctlError) return false
        const { high, low } = touched[i]
        this.#parts.inbox.resync(high, low, tail.firstSeq, tail.heads)
        return true
      })
      .every((isDone) => isDone)
  }

  /** It may have left while Redis was asked, and its departure have come there first. */
  #isStillHere({ high, low, session }: Believed): boolean {
    const { directory, sessions } = this.#parts
    if (!directory.find(high, low)) return false
    return sessions.sessionAt(directory.shard, directory.slot) === session
  }

  #believe(hashes: Uint32Array): Believed[] {
    const { directory, sessions, inbox } = this.#parts
    const believed: Believed[] = []
    for (let at = 0; at < hashes.length; at += 2) {
      const high = hashes[at]
      const low = hashes[at + 1]
      if (!directory.find(high, low)) continue
      const session = sessions.sessionAt(directory.shard, directory.slot)
      if (session === 0) continue
      const nextSeq = inbox.nextSeqOf(high, low)
      believed.push({ hash: hashText(high, low), high, low, session, nextSeq })
    }
    return believed
  }
}
