/**
 * What `push` and `cluster push|broadcast` refuse alike before anything is sent. Messages, for the
 * caller to make faults of.
 */

/** `texts`: how many words of the command line are the payload. */
export function payloadFaults(texts: number, file: string | undefined): string[] {
  const payloads = texts + (file === undefined ? 0 : 1)
  if (payloads === 1) return []
  const got = payloads === 0 ? 'neither' : 'both'
  return [`a payload is needed as a word or as --file, got ${got}`]
}

/** Of a push that nothing keeps. */
export function unstoredFaults({
  qos,
  ttlMs,
  wait,
}: {
  readonly qos: string
  readonly ttlMs: number | undefined
  readonly wait: boolean
}): string[] {
  if (qos !== '0') return []
  const faults: string[] = []
  if (ttlMs !== undefined) faults.push('--ttl needs --qos 1: nothing else is kept')
  if (wait) faults.push('--wait needs --qos 1: nothing else is acked')
  return faults
}
