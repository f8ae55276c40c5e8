/**
 * All devices over HTTP of a node. Their shard is started when the first one comes, so a node that
 * serves none pays nothing.
 */
import { isIPv6 } from 'node:net'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DeviceVerifier } from '../node-options.ts'
import type { DeliveryCursor } from './delivery-cursor.ts'
import { EventStream } from './event-stream.ts'
import type { HelloOfHttp, HttpDevice } from './http-device.ts'
import type { HttpEngine } from './http-engine.ts'
import { type PollAnswer, PollSession } from './poll-session.ts'

export interface HttpDevicesOptions {
  /** Starts the shard; called once. */
  readonly startEngine: () => Promise<HttpEngine>
  readonly verifyDevice: DeviceVerifier | null
}

export class HttpDevices {
  readonly #options: HttpDevicesOptions
  /** The newest connection of each device. */
  readonly #devices = new Map<string, HttpDevice>()
  readonly #polls = new Map<string, PollSession>()
  #engine: Promise<HttpEngine> | null = null

  constructor(options: HttpDevicesOptions) {
    this.#options = options
  }

  /** Streams to the response. False: there are devices over HTTP enough. */
  async openEvents(
    hello: HelloOfHttp,
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    onRefused: (code: number) => void,
  ): Promise<boolean> {
    const engine = await this.#start()
    // Who left in the meantime would never be seen to leave.
    if (response.closed || response.destroyed) return true
    const stream = new EventStream({ engine, hello, response, headers, onRefused })
    return this.#join(stream, hello)
  }

  /**
   * Goes on with the session where there is one, else begins one. A client that asks for what was
   * already sent has not got it: it begins again from there. null: there are devices enough.
   */
  async poll(
    hello: HelloOfHttp,
    session: string,
    waitMs: number,
    request: IncomingMessage,
  ): Promise<PollAnswer | null> {
    const engine = await this.#start()
    let poll = this.#polls.get(session)
    const isMissing =
      poll !== undefined &&
      (hello.cursor.inboxSeq < poll.answered.inboxSeq ||
        hello.cursor.broadcastSeq < poll.answered.broadcastSeq)
    if (poll?.deviceId !== hello.deviceId || isMissing) {
      poll?.leave()
      poll = new PollSession(engine, hello)
      if (!this.#join(poll, hello)) return null
    } else poll.ack(hello.cursor)
    const current = poll
    const onAborted = () => current.abandon()
    request.socket.once('close', onAborted)
    const answer = await current.poll(waitMs)
    request.socket.off('close', onAborted)
    return answer
  }

  /** SENT_STATUS; -1 where the device is not connected over HTTP. */
  async send(deviceId: string, fields: Readonly<Record<string, unknown>>): Promise<number> {
    const device = this.#devices.get(deviceId)
    return device === undefined ? -1 : device.send(fields)
  }

  /** False where the device is not connected over HTTP. */
  ack(deviceId: string, cursor: DeliveryCursor): boolean {
    const device = this.#devices.get(deviceId)
    device?.ack(cursor)
    return device !== undefined
  }

  /** Whether the token is the device's; for requests that do not say HELLO. */
  async isVerified(deviceId: string, token: string): Promise<boolean> {
    const { verifyDevice } = this.#options
    return verifyDevice === null || (await verifyDevice(token, deviceId)) === true
  }

  #start(): Promise<HttpEngine> {
    this.#engine ??= this.#options.startEngine()
    return this.#engine
  }

  /** It counts as the device only when the node has let it in. */
  #join(device: HttpDevice, hello: HelloOfHttp): boolean {
    device.onWelcome = () => {
      this.#devices.set(hello.deviceId, device)
      if (device instanceof PollSession) this.#polls.set(device.session, device)
    }
    device.onGone = () => {
      // A device that is back within the resume grace has the same session on a newer connection.
      if (this.#polls.get(device.session) === device) this.#polls.delete(device.session)
      if (this.#devices.get(hello.deviceId) === device) this.#devices.delete(hello.deviceId)
    }
    return device.join(hello)
  }
}

/** "address:port" of a client. */
export function addressOf({ socket }: IncomingMessage): string {
  const { remoteAddress = '', remotePort = 0 } = socket
  return isIPv6(remoteAddress)
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`
}
