/**
 * /proc/net/protocols: object size and memory pressure of each protocol, readable by anyone, also
 * inside a container.
 */
import { lines, parseDecimal, words } from './numbers.ts'

export interface ProtocolRow {
  readonly name: string
  readonly objectBytes: number
  readonly sockets: number
  /** -1 where the protocol keeps no account. */
  readonly memoryPages: number
  readonly underPressure: boolean | null
}

export function parseProtocols(text: string): ProtocolRow[] | null {
  const [header, ...rows] = lines(text)
  const names = words(header ?? '')
  const at = (name: string): number => names.indexOf(name)
  const columns = [at('protocol'), at('size'), at('sockets'), at('memory'), at('press')]
  if (columns.some((column) => column < 0)) return null
  const protocols: ProtocolRow[] = []
  for (const row of rows) {
    const cells = words(row)
    const [name, size, sockets, memory, press] = columns.map((column) => cells[column] ?? '')
    const objectBytes = parseDecimal(size ?? '')
    const socketCount = parseDecimal(sockets ?? '')
    if (name === undefined || objectBytes === null || socketCount === null) continue
    protocols.push({
      name,
      objectBytes,
      sockets: socketCount,
      memoryPages: parseDecimal(memory ?? '') ?? -1,
      underPressure: press === 'yes' ? true : press === 'no' ? false : null,
    })
  }
  return protocols.length > 0 ? protocols : null
}
