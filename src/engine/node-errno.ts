/**
 * Turns the errors of node:net and node:tls into the positive errno numbers that travel in batches.
 * Node negates errno, and TLS failures have none: they become EPROTO, the kernel's own word for a
 * broken handshake.
 */
import { constants } from 'node:os'

const ERRNO_BY_NAME: Readonly<Record<string, number>> = constants.errno

interface MaybeSystemError extends Error {
  readonly errno?: number
  readonly code?: string
}

export function errnoFromError(error: MaybeSystemError): number {
  if (typeof error.errno === 'number' && error.errno !== 0) return Math.abs(error.errno)
  return ERRNO_BY_NAME[error.code ?? ''] ?? constants.errno.EPROTO
}

/** The peer is gone: it sent RST, or we wrote to a connection it had left. */
export function isResetErrno(errno: number): boolean {
  return errno === constants.errno.ECONNRESET || errno === constants.errno.EPIPE
}
