/**
 * Entry of the selftest's server: dist/selftest-responder.js, forked by responder-process.ts. It
 * ends with the process that started it.
 */
import { Responder } from './responder.ts'
import type { ResponderDown, ResponderUp } from './responder-messages.ts'

let responder: Responder | null = null

function say(message: ResponderUp): void {
  process.send?.(message)
}

async function obey(message: ResponderDown): Promise<void> {
  if (message.kind === 'finish') {
    if (responder !== null) say({ kind: 'log', log: responder.finish() })
    return
  }
  responder = new Responder(message.setup, (firstIntendedUs) =>
    say({ kind: 'begun', firstIntendedUs }),
  )
  say({ kind: 'ready', port: await responder.listen() })
}

process.on('message', (message: ResponderDown) => {
  obey(message).catch((error) => say({ kind: 'failed', reason: String(error) }))
})
// An interruption is for the one that started us.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(0))
