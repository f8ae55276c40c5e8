/**
 * One change to the host, as a check proposes it. Checks only name settings; src/doctor/advice
 * drops those this kernel lacks, keeps better values that exist, and writes the files and their
 * undo.
 */
export interface SysctlSetting {
  readonly kind: 'sysctl'
  /** Dotted name as sysctl prints it: net.core.somaxconn. */
  readonly key: string
  /** One number or several separated by blanks (tcp_mem). */
  readonly value: string
  /** `raise`: a present value that is higher stays, column by column. `set`: this value exactly. */
  readonly mode: 'raise' | 'set'
  readonly reason: string
}

/**
 * A limit of a service or login, in force after a restart: LimitNOFILE and its limits.conf line.
 */
export interface LimitSetting {
  readonly kind: 'limit'
  readonly name: 'nofile' | 'nproc'
  readonly value: number
  /** systemd unit that runs the process, when known. */
  readonly unit: string | null
  readonly reason: string
}

/** A file of sysfs or of /proc/irq, lost at reboot unless a script writes it again. */
export interface SysfsSetting {
  readonly kind: 'sysfs'
  readonly path: string
  readonly value: string
  readonly reason: string
}

/**
 * Anything else that has a command and an undo, for example ethtool. Written to the script, never
 * run by --apply.
 */
export interface CommandSetting {
  readonly kind: 'command'
  readonly command: string
  readonly undo: string
  readonly reason: string
}

export type Setting = SysctlSetting | LimitSetting | SysfsSetting | CommandSetting

export function raiseSysctl(key: string, value: string | number, reason: string): SysctlSetting {
  return { kind: 'sysctl', key, value: String(value), mode: 'raise', reason }
}

export function setSysctl(key: string, value: string | number, reason: string): SysctlSetting {
  return { kind: 'sysctl', key, value: String(value), mode: 'set', reason }
}
