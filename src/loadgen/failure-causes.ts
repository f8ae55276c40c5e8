/** Names for what ended a connection: errno names where the kernel has one, else words of ours. */
import { getSystemErrorName } from 'node:util'
import { CLOSE_REASON } from '../engine/socket-engine.ts'

export function causeOfClose(reason: number, errno: number): string {
  switch (reason) {
    case CLOSE_REASON.PEER_END:
      return 'peer-end'
    case CLOSE_REASON.RECEIVE_OVERFLOW:
      return 'receive-overflow'
    case CLOSE_REASON.BUFFERS_FULL:
      return 'buffers-full'
    default:
      return errno === 0 ? unnamed(reason) : getSystemErrorName(-errno)
  }
}

function unnamed(reason: number): string {
  return reason === CLOSE_REASON.PEER_RESET ? 'ECONNRESET' : 'socket-error'
}
