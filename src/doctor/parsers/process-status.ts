/** /proc/PID/status: "Name:<TAB>value" lines; sizes in kB become bytes. */
import { lines, parseDecimal } from './numbers.ts'

export interface ProcessStatus {
  readonly name: string
  readonly threads: number
  readonly uid: number
  readonly rssBytes: number
  readonly swapBytes: number
  /** Size of the descriptor table: a power of two, an upper bound of what is open. */
  readonly fdTableSize: number
  readonly cpusAllowed: string
  readonly memsAllowed: string
  /** Bits of the effective capability set; CAP_SYS_ADMIN is bit 21. */
  readonly capEff: string
}

export function parseProcessStatus(text: string): ProcessStatus | null {
  const fields: Record<string, string> = Object.create(null)
  for (const line of lines(text)) {
    const colon = line.indexOf(':')
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).trim()
  }
  const threads = parseDecimal(fields.Threads ?? '')
  if (fields.Name === undefined || threads === null) return null
  return {
    name: fields.Name,
    threads,
    uid: parseDecimal(fields.Uid?.split(/\s+/)[0] ?? '') ?? -1,
    rssBytes: kilobytes(fields.VmRSS),
    swapBytes: kilobytes(fields.VmSwap),
    fdTableSize: parseDecimal(fields.FDSize ?? '') ?? 0,
    cpusAllowed: fields.Cpus_allowed_list ?? '',
    memsAllowed: fields.Mems_allowed_list ?? '',
    capEff: fields.CapEff ?? '',
  }
}

function kilobytes(text: string | undefined): number {
  return (parseDecimal(/^(\d+) kB$/.exec(text ?? '')?.[1] ?? '') ?? 0) * 1024
}
