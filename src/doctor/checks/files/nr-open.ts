/**
 * fs.nr_open: the highest limit of descriptors any process may ask for. Its default holds a million
 * with 2 % to spare.
 */
import { counted, grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import { type Check, type Finding, findingOf, unknownFinding } from '../../finding.ts'
import { raiseSysctl } from '../../setting.ts'
import { sysctlNumber } from '../../sysctl-facts.ts'
import { descriptorsNeeded, nextPowerOfTwo, type Target } from '../../target.ts'

const KEY = 'fs.nr_open'
const NR_OPEN_DEFAULT = 1_048_576

export const filesNrOpen: Check = {
  id: 'files/nr-open',
  title: 'Ceiling of descriptor limits',
  family: 'files',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'fs/file.c sysctl_nr_open, kernel/sys.c do_prlimit, admin-guide/sysctl/fs.rst nr_open',
  why:
    'fs.nr_open is the ceiling for RLIMIT_NOFILE of every process: a higher limit is refused ' +
    'with EPERM, and a process that reaches the ceiling gets EMFILE.',
  explain: `setrlimit() refuses a hard limit above fs.nr_open, even to root, and systemd then
starts the service with less than its unit asks for. One process can therefore hold at most
fs.nr_open connections.

Need: the descriptors of the largest process. The default of 1,048,576 holds a million
connections; above that raise it, or spread the connections over several processes.

Write it before the service restarts, since limits are taken at start. Do not set a billion "to be
safe": LimitNOFILE=infinity then becomes a billion too, the descriptor table may grow to
gigabytes, and programs that close every possible descriptor hang.`,
  evaluate: evaluateNrOpen,
}

function evaluateNrOpen(facts: Facts, target: Target): Finding {
  const ceiling = sysctlNumber(facts, KEY)
  if (!ceiling.known) return unknownFinding(filesNrOpen, ceiling)
  const need = descriptorsNeeded(target)
  const workers = Math.max(1, target.workers)
  const isShort = ceiling.value < need
  const value = Math.max(NR_OPEN_DEFAULT, nextPowerOfTwo(need))
  return findingOf(filesNrOpen, {
    status: isShort ? 'critical' : 'ok',
    observed: `a process may ask for ${counted(ceiling.value, 'descriptor')}`,
    needed:
      `${KEY} ≥ ${grouped(need)} (${counted(target.connections, 'connection')} / ` +
      `${workers} process${workers === 1 ? '' : 'es'} + max(1,024, 2 %))`,
    evidence: [`${ceiling.source}: ${ceiling.value}`],
    settings: isShort
      ? [raiseSysctl(KEY, value, 'ceiling of LimitNOFILE, the next power of two above the need')]
      : [],
  })
}
