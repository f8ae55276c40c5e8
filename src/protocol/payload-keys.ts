/**
 * Numbered keys as files hold them, one a line: a number from 1 to 15 and 64 hexadecimal digits. A
 * device names the number in its HELLO, so that masters can be replaced one device at a time.
 */
import { PushctlError } from '../errors/pushctl-error.ts'
import { PAYLOAD_KEY_BYTES } from './payload-seal.ts'

/** What four bits of the HELLO flags can name; 0 is none. */
export const PAYLOAD_KEY_NUMBER_MAX = 15

export interface PayloadKey {
  readonly number: number
  readonly key: Uint8Array
}

/** Throws PUSHCTL_CONFIG with the line that is wrong, never with what it holds. */
export function payloadKeysFromText(option: string, path: string, text: string): PayloadKey[] {
  const keys: PayloadKey[] = []
  text.split('\n').forEach((line, index) => {
    const words = line.trim().split(/\s+/)
    if (words[0] === '' || words[0].startsWith('#')) return
    const number = /^\d{1,2}$/.test(words[0]) ? Number(words[0]) : 0
    const isKey = words.length === 2 && /^[0-9a-f]{64}$/i.test(words[1])
    if (number < 1 || number > PAYLOAD_KEY_NUMBER_MAX || !isKey) {
      throw wrongFile(option, path, `something else in line ${index + 1}`)
    }
    if (keys.some((each) => each.number === number)) {
      throw wrongFile(option, path, `key ${number} twice`)
    }
    keys.push({ number, key: Uint8Array.from(Buffer.from(words[1], 'hex')) })
  })
  if (keys.length === 0) throw wrongFile(option, path, 'none')
  return keys
}

function wrongFile(option: string, path: string, got: string): PushctlError {
  const digits = PAYLOAD_KEY_BYTES * 2
  const rule = `a key a line: a number from 1 to ${PAYLOAD_KEY_NUMBER_MAX} and ${digits}`
  return new PushctlError(
    'PUSHCTL_CONFIG',
    `${option} must hold ${rule} hexadecimal digits, got ${got} in ${path}`,
    { tries: [`echo "1 $(openssl rand -hex ${PAYLOAD_KEY_BYTES})" > ${path}; chmod 600 ${path}`] },
  )
}
