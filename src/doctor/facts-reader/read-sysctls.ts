/**
 * All settings below net.core, net.ipv4 and net.netfilter, a few of fs, vm and kernel, and every
 * key that a sysctl.d file sets. Some 250 reads of a few bytes. Keys that hold secrets are never
 * read.
 */
import { type Fact, known, unknown } from '../fact.ts'
import type { Facts, SysctlFile } from '../facts.ts'
import { parseSysctlConf, sysctlPath } from '../parsers/sysctl-conf.ts'
import { type FactSource, readParsed } from './fact-source.ts'

const FOLDERS = ['net/core', 'net/ipv4', 'net/netfilter'] as const
const SINGLE_KEYS = [
  'fs.file-max',
  'fs.nr_open',
  'fs.epoll.max_user_watches',
  'kernel.dmesg_restrict',
  'kernel.numa_balancing',
  'kernel.pid_max',
  'kernel.threads-max',
  'net.ipv4.neigh.default.gc_thresh1',
  'net.ipv4.neigh.default.gc_thresh2',
  'net.ipv4.neigh.default.gc_thresh3',
  'net.ipv6.neigh.default.gc_thresh3',
  'net.nf_conntrack_max',
  'vm.max_map_count',
  'vm.min_free_kbytes',
  'vm.overcommit_memory',
  'vm.swappiness',
  'vm.watermark_scale_factor',
] as const
const SECRET = /_key$|stable_secret|hmac|core_pattern|modprobe|random/
const VALUE_BYTES_MAX = 65_536
const EXTRA_KEYS_MAX = 500

export async function readSysctls(
  source: FactSource,
  files: Facts['sysctlFiles'],
): Promise<Facts['sysctls']> {
  const folders = await Promise.all(FOLDERS.map((folder) => source.list(`/proc/sys/${folder}`)))
  const keys = new Set<string>(SINGLE_KEYS)
  for (const [index, names] of folders.entries()) {
    const prefix = FOLDERS[index]?.replaceAll('/', '.')
    if (names.known) for (const name of names.value) keys.add(`${prefix}.${name}`)
  }
  for (const key of keysOf(files)) keys.add(key)
  const wanted = [...keys].filter((key) => !SECRET.test(key))
  const values = await Promise.all(wanted.map((key) => readSysctl(source, key)))
  return Object.fromEntries(wanted.map((key, index) => [key, values[index]!]))
}

async function readSysctl(source: FactSource, key: string): Promise<Fact<string>> {
  const path = sysctlPath(key)
  if (path.includes('..')) return unknown('is not a key', path)
  const fact = await readParsed(
    source,
    path,
    (text) => text.trim().replace(/\s+/g, ' '),
    VALUE_BYTES_MAX,
  )
  return !fact.known && fact.reason === 'is empty' ? known('', path) : fact
}

function keysOf(files: Facts['sysctlFiles']): string[] {
  if (!files.known) return []
  const keys = files.value.flatMap((file) => file.assignments.map(({ key }) => key))
  return keys.filter((key) => /^[\w./-]+$/.test(key)).slice(0, EXTRA_KEYS_MAX)
}

/** First wins when two folders hold the same name. */
const SYSCTL_FOLDERS = [
  '/etc/sysctl.d',
  '/run/sysctl.d',
  '/usr/local/lib/sysctl.d',
  '/usr/lib/sysctl.d',
  '/lib/sysctl.d',
] as const

/** In the order in which they are applied: by file name over all folders, /etc/sysctl.conf last. */
export async function readSysctlFiles(source: FactSource): Promise<Facts['sysctlFiles']> {
  const pathByName = new Map<string, string>()
  const listings = await Promise.all(SYSCTL_FOLDERS.map((folder) => source.list(folder)))
  for (const [index, listing] of listings.entries()) {
    for (const name of listing.known ? listing.value : []) {
      if (!name.endsWith('.conf') || pathByName.has(name)) continue
      pathByName.set(name, `${SYSCTL_FOLDERS[index]}/${name}`)
    }
  }
  const names = [...pathByName.keys()].sort()
  const paths = names.map((name) => pathByName.get(name)!)
  const files: SysctlFile[] = []
  const seen = new Set<string>()
  for (const path of [...paths, '/etc/sysctl.conf']) {
    const text = await source.readText(path)
    if (!text.known || (path === '/etc/sysctl.conf' && seen.has(text.value))) continue
    seen.add(text.value)
    const assignments = parseSysctlConf(text.value)
    if (assignments.length === 0 && hasContent(text.value)) {
      return unknown('is not in the expected format', path)
    }
    files.push({ path, assignments })
  }
  if (files.length === 0 && listings.every((listing) => !listing.known)) {
    return unknown('no folder of sysctl.d could be read', '/etc/sysctl.d')
  }
  return known(files, '/etc/sysctl.d')
}

function hasContent(text: string): boolean {
  return text.split('\n').some((line) => /^\s*[^\s#;]/.test(line))
}
