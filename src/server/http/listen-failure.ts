/** Why the HTTP listener could not start, as an error for people. */
import type { ErrorCode } from '../../errors/error-codes.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'

const CODES: Readonly<Record<string, readonly [ErrorCode, string, string]>> = {
  EADDRINUSE: [
    'PUSHCTL_ADDRESS_IN_USE',
    'another process listens there',
    'give another port: --http host:port (port 0 takes any free one)',
  ],
  EADDRNOTAVAIL: [
    'PUSHCTL_ADDRESS_UNAVAILABLE',
    'no interface of this host has that address',
    'listen on 127.0.0.1, or on an address that this host has',
  ],
  ENOTFOUND: [
    'PUSHCTL_ADDRESS_UNAVAILABLE',
    'the name has no address',
    'give an address of this host instead of the name',
  ],
  EACCES: [
    'PUSHCTL_PRIVILEGE',
    'ports below 1024 need CAP_NET_BIND_SERVICE',
    'give a port above 1023',
  ],
}

export function listenFailure(failure: unknown, host: string, port: number): unknown {
  const known = CODES[String((failure as { code?: unknown }).code)]
  if (known === undefined) return failure
  const [code, why, advice] = known
  const message = `--http must be free to listen on, got ${host}:${port}`
  return new PushctlError(code, message, { why, tries: [advice], cause: failure })
}
