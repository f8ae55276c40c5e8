/**
 * Parsers for the kernel's counter files: text in, numbers by name out, null where the text is not
 * what it should be. Positions are never trusted where the kernel gives names: the TcpExt list
 * alone has grown from 114 to 135 names.
 */

/** `/proc/net/sockstat`, sockstat6: `TCP: inuse 2 orphan 0 tw 1 …` → `TCP.tw`. */
export function parseSockstat(text: string): Map<string, number> {
  const values = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [group, ...pairs] = line.split(/[:\s]+/).filter((word) => word !== '')
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      const value = decimalOf(pairs[index + 1])
      if (value !== null) values.set(`${group}.${pairs[index]}`, value)
    }
  }
  return values
}

/**
 * `/proc/net/snmp`, `/proc/net/netstat`: a line of names, then a line of values, both led by their
 * group → `TcpExt.TW`. A group whose two lines differ in length (a read cut short) is left out as a
 * whole: the last value may be half a number.
 */
export function parseSnmp(text: string): Map<string, number> {
  const values = new Map<string, number>()
  const lines = text.split('\n')
  for (let index = 0; index + 1 < lines.length; index++) {
    const names = lines[index].trim().split(/\s+/)
    const numbers = lines[index + 1].trim().split(/\s+/)
    if (names[0] !== numbers[0] || !names[0].endsWith(':')) continue
    index++
    if (names.length !== numbers.length) continue
    const group = names[0].slice(0, -1)
    for (let column = 1; column < names.length; column++) {
      const value = decimalOf(numbers[column])
      if (value !== null) values.set(`${group}.${names[column]}`, value)
    }
  }
  return values
}

/** All counts are 32-bit and wrap; a difference is taken modulo 2^32. */
export interface SoftnetRow {
  readonly cpu: number
  /** Handed up by this CPU, dropped ones not included. */
  readonly packets: number
  /** Found the CPU's backlog full (net.core.netdev_max_backlog). */
  readonly dropped: number
  /** Rounds that ended with packets left (net.core.netdev_budget, netdev_budget_usecs). */
  readonly squeezed: number
}

/**
 * In a line of `/proc/net/softnet_stat` (net/core/net-procfs.c), hexadecimal. Kernels before 5.10
 * have no cpu column.
 */
const SOFTNET = { PACKETS: 0, DROPPED: 1, SQUEEZED: 2, CPU: 12 } as const

/**
 * Offline CPUs have no line, so a row is known by its cpu column and by its line number only where
 * that is missing.
 */
export function parseSoftnet(text: string): SoftnetRow[] | null {
  const rows: SoftnetRow[] = []
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  for (const [index, line] of lines.entries()) {
    const words = line.trim().split(/\s+/)
    if (words.length <= SOFTNET.SQUEEZED || !words.every((word) => /^[0-9a-f]{8}$/.test(word))) {
      return null
    }
    const column = (at: number) => Number.parseInt(words[at], 16)
    rows.push({
      cpu: words.length > SOFTNET.CPU ? column(SOFTNET.CPU) : index,
      packets: column(SOFTNET.PACKETS),
      dropped: column(SOFTNET.DROPPED),
      squeezed: column(SOFTNET.SQUEEZED),
    })
  }
  return rows.length > 0 ? rows : null
}

/** Time of all CPUs together since boot, in clock ticks (1/100 s). */
export interface CpuTicks {
  readonly total: number
  /** Steal is in it: time that the hypervisor took is as gone as time that was used. */
  readonly busy: number
  readonly softirq: number
  readonly steal: number
}

/**
 * First line of `/proc/stat`: user nice system idle iowait irq softirq steal guest guest_nice;
 * guest is in user already.
 */
export function parseCpuTicks(text: string): CpuTicks | null {
  const match = /^cpu +(\d+(?: +\d+){7,})\s*$/m.exec(text)
  if (!match) return null
  const ticks = match[1].split(/ +/).map(Number)
  const [user, nice, system, idle, iowait, irq, softirq, steal] = ticks
  const busy = user + nice + system + irq + softirq + steal
  return { total: busy + idle + iowait, busy, softirq, steal }
}

function decimalOf(word: string): number | null {
  return /^-?\d+$/.test(word) ? Number(word) : null
}
