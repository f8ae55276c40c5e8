/**
 * Files of sysctl.d: "key = value", "-key = value" (absence is no error), comments with # and ;,
 * slashes or dots in keys.
 */
export interface SysctlAssignment {
  /** Dotted key. */
  readonly key: string
  /** Blanks reduced to one, as the kernel prints a vector. */
  readonly value: string
  readonly line: number
  readonly ignoreMissing: boolean
}

export function parseSysctlConf(text: string): SysctlAssignment[] {
  const assignments: SysctlAssignment[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const match = /^\s*(-?)\s*([^\s#;=][^=]*?)\s*=\s*(.*?)\s*$/.exec(raw)
    if (match === null) continue
    assignments.push({
      key: dottedKey(match[2] ?? ''),
      value: (match[3] ?? '').replace(/\s+/g, ' '),
      line: index + 1,
      ignoreMissing: match[1] === '-',
    })
  }
  return assignments
}

/**
 * "net/ipv4/conf/eth0.100/rp_filter" keeps its dots: the first separator decides which style the
 * key is in.
 */
export function dottedKey(key: string): string {
  const slash = key.indexOf('/')
  const dot = key.indexOf('.')
  if (slash < 0 || (dot >= 0 && dot < slash)) return key.trim()
  return key.trim().replace(/[/.]/g, (separator) => (separator === '/' ? '.' : '/'))
}

/** "net.core.somaxconn" → "/proc/sys/net/core/somaxconn". */
export function sysctlPath(key: string): string {
  const path = key.replace(/[/.]/g, (separator) => (separator === '.' ? '/' : '.'))
  return `/proc/sys/${path}`
}
