/**
 * Whether the three numbers of net.ipv4.tcp_mem hold what the target needs, and which three would.
 */
import { grouped } from './counter-moves.ts'
import type { Status } from './finding.ts'
import { raiseSysctl, type Setting, setSysctl } from './setting.ts'
import { bytesText, PAGE_BYTES } from './socket-demand.ts'

export const TCP_MEM_KEY = 'net.ipv4.tcp_mem'
/** Above half of memory the limit protects nothing: the host runs out first. */
const MEMORY_SHARE_MAX = 0.5
/** The kernel's own pressure threshold is a sixteenth of memory. */
const DEFAULT_SHARE = 1 / 16
/** Pressure begins this far above the need. */
export const HEADROOM = 1.25

export interface VectorVerdict {
  readonly status: Status
  readonly observed: string
  readonly settings?: readonly Setting[]
  readonly fixForGood?: string
}

/** `memoryBytes` null: not known, and what depends on it is not judged. */
export function judgeTcpMemVector(
  vector: readonly number[],
  pagesNeeded: number,
  memoryBytes: number | null,
): VectorVerdict {
  const [, pressure = 0, max = 0] = vector
  const wanted = Math.ceil(HEADROOM * pagesNeeded)
  const isShort = wanted > pressure
  if (memoryBytes !== null && isShort && isTooLarge(thirdOf(wanted), memoryBytes)) {
    return {
      status: 'critical',
      observed:
        `TCP queues of the target need ${bytesText(thirdOf(wanted) * PAGE_BYTES)}, ` +
        `over half of ${bytesText(memoryBytes)} of memory`,
      fixForGood:
        'the host is too small for so much data in flight: pace broadcasts, or add memory',
    }
  }
  if (memoryBytes !== null && isTooLarge(max, memoryBytes)) {
    const fallback = Math.floor((DEFAULT_SHARE * memoryBytes) / PAGE_BYTES)
    return {
      status: 'warn',
      observed:
        `TCP may take ${bytesText(max * PAGE_BYTES)}, over half of memory: ` +
        'the limit protects nothing',
      settings: [
        setSysctl(
          TCP_MEM_KEY,
          tcpMemText(Math.max(fallback, wanted)),
          'pages, not bytes: the default of this memory size, or what the target needs',
        ),
      ],
    }
  }
  if (!isShort) {
    return {
      status: 'ok',
      observed: `pressure begins at ${grouped(pressure)} pages, enough for the target`,
    }
  }
  return {
    status: pagesNeeded > max ? 'critical' : 'warn',
    observed:
      `the target needs ${grouped(pagesNeeded)} pages; ` +
      `pressure begins at ${grouped(pressure)}, loss at ${grouped(max)}`,
    settings: [
      raiseSysctl(TCP_MEM_KEY, tcpMemText(wanted), 'pages for the data of the target in flight'),
    ],
  }
}

/** [3/4, 1, 3/2] of the pressure threshold, as the kernel itself spaces them. */
export function tcpMemText(pressurePages: number): string {
  return `${Math.ceil(0.75 * pressurePages)} ${pressurePages} ${thirdOf(pressurePages)}`
}

function thirdOf(pressurePages: number): number {
  return Math.ceil(1.5 * pressurePages)
}

function isTooLarge(pages: number, memoryBytes: number): boolean {
  return pages * PAGE_BYTES > MEMORY_SHARE_MAX * memoryBytes
}
