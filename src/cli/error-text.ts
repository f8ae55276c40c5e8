/**
 * Errors as people read them (message, why, try) and as programs do (one JSON line). An exception
 * of any other class is a bug of pushctl: its stack is shown, because that is all that the one who
 * mends it will get.
 */
import { EXIT } from '../errors/exit-codes.ts'
import { ConfigFaults, PushctlError } from '../errors/pushctl-error.ts'

export interface ErrorStyle {
  readonly json: boolean
  readonly color: boolean
  /** `pushctl bench`, or `pushctl` where no verb is known. */
  readonly prefix: string
  /** For bug reports: version, Node, platform. */
  readonly environment: string
}

/** Ends with a newline. */
export function errorText(error: unknown, style: ErrorStyle): string {
  if (style.json) return `${JSON.stringify({ error: errorDocument(error) })}\n`
  if (error instanceof ConfigFaults) {
    return error.faults.map((fault) => block(fault, style)).join('')
  }
  return error instanceof PushctlError ? block(error, style) : bugText(error, style)
}

export function exitCodeOfError(error: unknown): number {
  return error instanceof PushctlError ? error.exitCode : EXIT.BUG
}

function block(error: PushctlError, style: ErrorStyle): string {
  const message = `${style.prefix}: ${printable(error.message)}`
  const lines = [style.color ? `\u001b[31m${message}\u001b[39m` : message]
  if (error.why !== undefined) lines.push(detail('why', error.why, style))
  error.tries.forEach((line, index) => lines.push(detail(index === 0 ? 'try' : '   ', line, style)))
  return `${lines.join('\n')}\n`
}

function detail(label: string, text: string, style: ErrorStyle): string {
  return `  ${style.color ? `\u001b[2m${label}\u001b[22m` : label}  ${printable(text)}`
}

function bugText(error: unknown, style: ErrorStyle): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `${style.prefix}: this is a bug in pushctl
${stack}
  try  report it with the lines above and this one: ${style.environment}
`
}

interface ErrorDocument {
  readonly code: string
  readonly message: string
  readonly why: string | null
  readonly tries: readonly string[]
  readonly faults?: readonly ErrorDocument[]
  readonly stack?: string
}

function errorDocument(error: unknown): ErrorDocument {
  if (!(error instanceof PushctlError)) {
    const stack = error instanceof Error ? (error.stack ?? '') : ''
    return { code: 'PUSHCTL_BUG', message: String(error), why: null, tries: [], stack }
  }
  const { code, message, why, tries } = error
  const document = { code, message, why: why ?? null, tries }
  if (!(error instanceof ConfigFaults)) return document
  return { ...document, faults: error.faults.map(errorDocument) }
}

/** What came from a file or a peer must not steer the terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not pass.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\uFFFD')
}
