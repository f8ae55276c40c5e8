/**
 * Keeps secrets and payloads out of the log, whoever forgot to. Fields of these names are replaced
 * by pino at any place that callers use; texts lose what looks like a token, because the message of
 * a foreign error may repeat what it was given.
 */

const SECRET_NAMES = [
  'token',
  'adminToken',
  'deviceToken',
  'secret',
  'password',
  'authorization',
  'payload',
  'payload64',
  'key',
  'cert',
] as const

export const REDACTED = '[hidden]'

/** For pino's `redact`: at the top, and one level down. */
export const REDACTED_PATHS = SECRET_NAMES.flatMap((name) => [name, `*.${name}`])

/** A JWT; whatever follows "Bearer"; user and password of a URL. */
const TOKENS = /\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=\bBearer\s+)\S+|(?<=\w:\/\/)[^\s/@]+(?=@)/gi

/** One line stays one line: a name from outside must not forge a second one. */
export function cleanText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return text.replace(TOKENS, REDACTED).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
}

/**
 * What is told of an unexpected failure. V8 repeats the text that it could not parse, so of a
 * SyntaxError only the name is told.
 */
export function describeFailure(failure: unknown): { error: string; stack: readonly string[] } {
  if (!(failure instanceof Error)) return { error: cleanText(String(failure)), stack: [] }
  const { name, message, stack = '' } = failure
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  return {
    error: failure instanceof SyntaxError ? name : cleanText(`${name}: ${message}`),
    stack: frames.map((line) => line.trim()),
  }
}
