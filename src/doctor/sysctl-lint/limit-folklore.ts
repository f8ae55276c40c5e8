/**
 * Folklore about limits: lowered below the default by old numbers, or raised until they protect
 * nothing.
 */
import { grouped } from '../counter-moves.ts'
import type { ProcessFacts } from '../facts-process.ts'
import { labelOfProcess } from '../process-label.ts'
import { sysctlNumber } from '../sysctl-facts.ts'
import { actsAsLoadgen } from '../target.ts'
import { type FolkloreRow, folkloreRule, type LintContext, type LintHit } from './lint-rule.ts'

const LIMIT_ABSURD = 1_000_000_000
/** files_maxfiles_init takes a tenth of memory in KiB, less what was in use at boot. */
const FILE_MAX_MARGIN = 0.9
const PORT_LOW_DEFAULT = 32_768
const PORT_LOW_MIN = 1_024
/** Buckets per entry: kernels up to 5.4 made tables of 4 entries a bucket, later ones of 1. */
const ENTRIES_PER_BUCKET_MAX = 4
/** Guides give 60 to 600 s; the default is five days. */
const ESTABLISHED_SECONDS_SHORT = 600

const CONNTRACK_MAX_WHY =
  'Each connection is in the hash twice, and a lookup walks entries / buckets nodes. ' +
  'nf_conntrack_buckets must grow with nf_conntrack_max; better, leave the port out (notrack).'

const conntrackMax = (key: string): FolkloreRow => ({
  key,
  status: 'warn',
  matches: ([value], context, { fromFile }) => {
    const buckets = bucketsOf(context)
    if (value === undefined || buckets === null) return false
    // Both keys are one value in the kernel: told once, unless a file names the other.
    if (!fromFile && key !== 'net.netfilter.nf_conntrack_max') return false
    return value > ENTRIES_PER_BUCKET_MAX * buckets
  },
  fault: 'raised without its buckets',
  why: CONNTRACK_MAX_WHY,
  instead: 'nf_conntrack_buckets of half of it at least',
})

const ROWS: readonly FolkloreRow[] = [
  {
    key: 'fs.file-max',
    status: 'warn',
    matches: ([value], { facts }) => {
      const { meminfo } = facts.after
      const total = meminfo.known ? meminfo.value.MemTotal : undefined
      if (value === undefined || total === undefined) return false
      return value < (FILE_MAX_MARGIN * total) / 1_024 / 10
    },
    fault: 'lower than the default of this memory size',
    why:
      'The kernel allows a tenth of memory in KiB, some 100,000 files for each GiB. Numbers of ' +
      'old guides (65535, 1000000) lower that, and every program of the host shares what is ' +
      'left.',
  },
  {
    key: 'fs.nr_open',
    status: 'warn',
    matches: ([value], _context, { fromFile }) => fromFile && (value ?? 0) >= LIMIT_ABSURD,
    fault: 'a billion descriptors for one process',
    why:
      'LimitNOFILE=infinity becomes this number, and programs that walk over all possible ' +
      'descriptors then hang at start. Systemd may set it so by itself; a line in a file makes ' +
      'it permanent.',
    instead: 'the next power of two above what one process needs',
  },
  {
    key: 'net.ipv4.ip_local_port_range',
    status: 'warn',
    matches: ([low]) => low !== undefined && low < PORT_LOW_MIN,
    fault: 'begins below the unprivileged ports',
    why:
      'Kernels since 4.19 refuse a first port below ip_unprivileged_port_start (1024), so the ' +
      'line is an error and the old range stays. Older ones give away ports that services ' +
      'expect.',
    instead: '1024 65535, on hosts that dial out',
    ownedBy: 'ports/range',
  },
  {
    key: 'net.ipv4.ip_local_port_range',
    status: 'info',
    matches: ([low], { target }) =>
      low !== undefined && low >= PORT_LOW_MIN && low < PORT_LOW_DEFAULT && !actsAsLoadgen(target),
    fault: 'widened on a host that only accepts',
    why:
      'The range is for connections that this host opens; clients that come in need none of it. ' +
      'Widened, it may take a port on which a service wants to listen after a restart.',
    ownedBy: 'ports/range',
  },
  conntrackMax('net.netfilter.nf_conntrack_max'),
  conntrackMax('net.nf_conntrack_max'),
  {
    key: 'net.netfilter.nf_conntrack_tcp_timeout_established',
    status: 'warn',
    matches: ([value], { target: { heartbeatSeconds } }) =>
      value !== undefined && value < (heartbeatSeconds ?? ESTABLISHED_SECONDS_SHORT + 1),
    fault: 'shorter than the silence of a healthy connection',
    why:
      'The entry of a silent connection is dropped, and behind NAT or with strict rules the ' +
      'connection with it. It must outlive the longest pause between two packets: heartbeat or ' +
      'keepalive.',
    instead: 'max(7200, 4 × heartbeat)',
    ownedBy: 'conntrack/timeouts',
  },
]

const folklore = folkloreRule(ROWS)

export function limitFolklore(context: LintContext): LintHit[] {
  return [
    ...folklore(context),
    ...liveNrOpenHits(context),
    ...context.facts.processes.flatMap(descriptorHits),
  ]
}

function bucketsOf({ facts, assignments }: LintContext): number | null {
  const key = 'net.netfilter.nf_conntrack_buckets'
  const written = Number(assignments.get(key)?.at(-1)?.value ?? Number.NaN)
  const live = sysctlNumber(facts, key)
  const buckets = Number.isFinite(written) ? written : live.known ? live.value : 0
  return buckets > 0 ? buckets : null
}

/**
 * Systemd raises it to 1,073,741,816 at boot unless it was built otherwise: nobody's fault, worth
 * knowing.
 */
function liveNrOpenHits({ facts, assignments }: LintContext): LintHit[] {
  const live = sysctlNumber(facts, 'fs.nr_open')
  if (!live.known || live.value < LIMIT_ABSURD || assignments.has('fs.nr_open')) return []
  return [
    {
      subject: 'fs.nr_open',
      status: 'info',
      observed: `fs.nr_open = ${live.value}, which no file sets: systemd does so at boot`,
      why:
        'The value alone does no harm, but LimitNOFILE=infinity now means a billion. Give units ' +
        'a number instead.',
      fixForGood: 'LimitNOFILE=NUMBER in units, never infinity',
      evidence: [`${live.source}: ${live.value}`],
    },
  ]
}

function descriptorHits(process: ProcessFacts): LintHit[] {
  const { limits, unit } = process
  const soft = limits.known ? (limits.value['Max open files']?.soft ?? 0) : 0
  const configured = unit.known ? (unit.value.limitNofile ?? 0) : 0
  const limit = Math.max(soft, configured)
  if (limit < LIMIT_ABSURD) return []
  const text = Number.isFinite(limit) ? grouped(limit) : 'infinity'
  return [
    {
      subject: `LimitNOFILE of ${labelOfProcess(process)}`,
      status: 'warn',
      observed: `descriptor limit ${text}`,
      why:
        'Programs that walk over all possible descriptors (old Python, Java launchers, shells ' +
        'with close loops) take minutes to start a child. The descriptor table may also grow to ' +
        'gigabytes before anybody notices a leak.',
      fixForGood: 'LimitNOFILE=1048576, or the next power of two above the need',
      evidence: [
        ...(limits.known ? [`${limits.source}: Max open files soft ${soft}`] : []),
        ...(unit.known ? [`${unit.source}: ${unit.value.name} LimitNOFILE ${configured}`] : []),
      ],
    },
  ]
}
