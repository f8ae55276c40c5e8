/**
 * How far a device over HTTP has received: the id of an event, which a browser sends back as
 * Last-Event-ID, and `after` of a poll. "42-7": 42 of the inbox, 7 of the broadcasts; "42" alone
 * is 42 of the inbox.
 */

export interface DeliveryCursor {
  readonly inboxSeq: number
  readonly broadcastSeq: number
}

export const CURSOR_START: DeliveryCursor = { inboxSeq: 0, broadcastSeq: 0 }

/** null where it is no cursor. */
export function parseCursor(text: string): DeliveryCursor | null {
  const match = /^(\d{1,16})(?:-(\d{1,16}))?$/.exec(text)
  if (!match) return null
  const inboxSeq = Number(match[1])
  const broadcastSeq = Number(match[2] ?? 0)
  if (!Number.isSafeInteger(inboxSeq) || !Number.isSafeInteger(broadcastSeq)) return null
  return { inboxSeq, broadcastSeq }
}

export function cursorText({ inboxSeq, broadcastSeq }: DeliveryCursor): string {
  return `${inboxSeq}-${broadcastSeq}`
}
