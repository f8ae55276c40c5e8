/** Facts of a host with one sysctl file, for tests of lint rules. */
import { known, unknown } from '../../../src/doctor/fact.ts'
import type { Facts, SysctlFile } from '../../../src/doctor/facts.ts'
import { parseSysctlConf, sysctlPath } from '../../../src/doctor/parsers/sysctl-conf.ts'
import { assignmentTable } from '../../../src/doctor/sysctl-lint/assignments.ts'
import type { LintHit, LintRule } from '../../../src/doctor/sysctl-lint/lint-rule.ts'
import type { Target } from '../../../src/doctor/target.ts'
import { type FactsOptions, factsWith, targetWith } from '../facts-builder.ts'

export interface LintedHost extends FactsOptions {
  /** Text of /etc/sysctl.d/99-tuning.conf, or texts by path. */
  readonly files?: string | Readonly<Record<string, string>>
  /** Values in force; what a file sets is in force unless it is named here. */
  readonly live?: Readonly<Record<string, string | number>>
  /** Keys that this kernel does not have. */
  readonly missing?: readonly string[]
  readonly namespace?: 'host' | 'child'
}

export const GIB = 2 ** 30

export function lintedFacts(options: LintedHost = {}): Facts {
  const { files = '', live = {}, missing = [], namespace = 'host' } = options
  const texts = typeof files === 'string' ? { '/etc/sysctl.d/99-tuning.conf': files } : files
  const parsed: SysctlFile[] = Object.entries(texts).map(([path, text]) => ({
    path,
    assignments: parseSysctlConf(text),
  }))
  const written = parsed.flatMap(({ assignments }) => assignments)
  const values = {
    'net.ipv4.tcp_window_scaling': 1,
    'net.core.somaxconn': 4_096,
    ...Object.fromEntries(written.map(({ key, value }) => [key, value])),
    ...live,
  }
  const facts = factsWith({
    ...options,
    sysctls: values,
    sysctlFiles: known(parsed, '/etc/sysctl.d'),
    sample: { meminfo: known({ MemTotal: 24 * GIB }, '/proc/meminfo'), ...options.sample },
    host: {
      ...options.host,
      namespaces: {
        network: known(namespace, '/proc/sys/net/ipv4/tcp_mem'),
        networkInode: known('net:[1]', '/proc/self/ns/net'),
        pid: known('host', '/proc/self/ns/pid'),
      },
    },
  })
  const absent = missing.map((key) => [key, unknown('does not exist here', sysctlPath(key))])
  return { ...facts, sysctls: { ...facts.sysctls, ...Object.fromEntries(absent) } }
}

export function lintHits(
  rule: LintRule,
  options: LintedHost = {},
  target: Partial<Target> = {},
): readonly LintHit[] {
  const facts = lintedFacts(options)
  return rule({ facts, target: targetWith(target), assignments: assignmentTable(facts) })
}

/** "KEY status" of each hit. */
export function hitNames(hits: readonly LintHit[]): string[] {
  return hits.map(({ subject, status }) => `${subject} ${status}`)
}
