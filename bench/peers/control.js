/**
 * The small control surface that the JavaScript peers share (Node and Bun alike): one JSON line
 * when ready, then one JSON line for each command on stdin. The C peer speaks the same; pushctl
 * does not: it is driven as its users would.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks'

/**
 * First byte of HELLO and the answer to it: as long as pushctl's own HELLO and WELCOME, so that
 * the work is alike.
 */
export const HELLO_TYPE = 0x01
export const WELCOME = Buffer.alloc(25)
WELCOME[0] = 0x81

let gcMsMax = null

/** Pauses that the program had by itself; those forced by the `gc` command do not count. */
function observeGc() {
  if (process.versions.bun) return
  gcMsMax = 0
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) continue
      gcMsMax = Math.max(gcMsMax, entry.duration)
    }
  }).observe({ entryTypes: ['gc'] })
}

function collectGarbage() {
  if (process.versions.bun) globalThis.Bun.gc(true)
  else globalThis.gc?.()
}

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** `broadcast(message)` sends to all and returns the number of receivers where it knows it. */
export function obeyDriver({ port, broadcast }) {
  const messages = new Map()
  const commands = {
    broadcast: ({ bytes }) => {
      if (!messages.has(bytes)) messages.set(bytes, Buffer.alloc(bytes, 'p'))
      return { recipients: broadcast(messages.get(bytes)) }
    },
    gc: () => {
      collectGarbage()
      return {}
    },
    usage: () => ({ gcMaxMs: gcMsMax }),
  }
  observeGc()
  let pending = ''
  process.stdin.on('data', (chunk) => {
    const lines = (pending + chunk).split('\n')
    pending = lines.pop()
    for (const line of lines) {
      const request = JSON.parse(line)
      say({ event: request.cmd, ...commands[request.cmd](request) })
    }
  })
  process.stdin.on('end', () => process.exit(0))
  say({ event: 'ready', port })
}
