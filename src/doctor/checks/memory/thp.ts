/**
 * Transparent huge pages: no matter for sockets, but for heaps of many small objects and for the
 * pause of an allocation.
 */
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, type Status, unknownFinding } from '../../finding.ts'
import { bytesText } from '../../socket-demand.ts'

const FOLDER = '/sys/kernel/mm/transparent_hugepage'

export const memoryThp: Check = {
  id: 'memory/thp',
  title: 'Transparent huge pages',
  family: 'memory',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'mm/huge_memory.c, Documentation/admin-guide/mm/transhuge.rst',
  why:
    'With "always" for both settings the kernel stops a program that touches memory until it has ' +
    'put 2 MiB together, which shows as pauses of an event loop. Heaps with an object per ' +
    'connection grow by pages of which little is used.',
  explain: `Two files decide: "enabled" says which memory gets huge pages (always, madvise,
never), "defrag" whether an allocation waits while the kernel compacts memory for one.
always/always means that any page fault may stall for milliseconds.

madvise leaves the choice to programs that ask for it, which is right for a host that serves
connections. The setting concerns memory that is allocated from then on; restart the program to
see the effect.

It does not touch sockets: kernel memory of connections is slab. Do not expect fewer bytes per
connection from it, only fewer pauses and a resident size that follows the use.`,
  evaluate: evaluateThp,
}

function evaluateThp(facts: Facts): Finding {
  const { thpEnabled: enabled, thpDefrag: defrag } = facts.host
  if (!enabled.known) return unknownFinding(memoryThp, enabled)
  const evidence = [`${enabled.source}: ${enabled.value}`]
  const { meminfo } = facts.after
  const huge = meminfo.known ? meminfo.value.AnonHugePages : undefined
  if (enabled.value !== 'always') {
    const observed = `only where asked for (${enabled.value})`
    return findingOf(memoryThp, { status: 'ok', observed, evidence })
  }
  if (!defrag.known) return unknownFinding(memoryThp, defrag)
  evidence.push(`${defrag.source}: ${defrag.value}`)
  if (huge !== undefined) evidence.push(`${meminfo.source}: AnonHugePages ${bytesText(huge)}`)
  const status: Status = defrag.value === 'always' ? 'warn' : 'info'
  const use = huge === undefined ? '' : `, ${bytesText(huge)} of the host's memory now`
  return findingOf(memoryThp, {
    status,
    observed:
      status === 'warn'
        ? `every allocation may wait for a huge page (enabled and defrag are always)${use}`
        : `all memory gets huge pages (enabled is always, defrag ${defrag.value})${use}`,
    needed: 'enabled = madvise',
    evidence,
    settings: [
      {
        kind: 'sysfs',
        path: `${FOLDER}/enabled`,
        value: 'madvise',
        reason: 'huge pages only for programs that ask for them',
      },
    ],
  })
}
