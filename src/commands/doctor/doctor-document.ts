/**
 * What `--json` prints: the findings of all hosts in one list, worst first, and the hosts they are
 * about.
 */
import type { Facts } from '../../doctor/facts.ts'
import { type Finding, STATUSES } from '../../doctor/finding.ts'
import { worstStatus } from '../../doctor/run-checks.ts'
import type { Target } from '../../doctor/target.ts'
import type { Machine } from './describe-machine.ts'
import { documentsOfMetrics, documentsOfProcesses } from './process-document.ts'

export interface ExaminedHost {
  readonly name: string
  readonly facts: Facts | null
  readonly failure: string | null
  readonly machine: Machine | null
  readonly findings: readonly Finding[]
}

export function doctorDocument(hosts: readonly ExaminedHost[], target: Target): object {
  const findings = hosts
    .flatMap(({ name, findings: own }) => own.map((finding) => findingDocument(name, finding)))
    .sort((a, b) => STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status))
  return {
    schema: 'pushctl.doctor/1',
    worst: worstStatus(hosts.flatMap((host) => host.findings)),
    target,
    hosts: hosts.map(hostDocument),
    ...processesOf(hosts),
    findings,
  }
}

/** Only where some were named. */
function processesOf(hosts: readonly ExaminedHost[]): object {
  const read = hosts.flatMap(({ name, facts }) => (facts === null ? [] : [{ name, facts }]))
  const processes = read.flatMap(({ name, facts }) => documentsOfProcesses(name, facts))
  const metrics = read.flatMap(({ name, facts }) => documentsOfMetrics(name, facts))
  return {
    ...(processes.length > 0 ? { processes } : {}),
    ...(metrics.length > 0 ? { metrics } : {}),
  }
}

function hostDocument({ name, facts, failure, machine, findings }: ExaminedHost): object {
  const release = facts?.host.kernelRelease
  const network = facts?.host.namespaces.network
  return {
    name,
    kernel: release?.known ? release.value : null,
    network_namespace: network?.known ? network.value : null,
    sampling: facts?.sampling ?? null,
    window_ms: facts === null ? null : Math.round(facts.windowMs),
    failure,
    machine,
    counts: Object.fromEntries(
      STATUSES.map((status) => [
        status,
        findings.filter((finding) => finding.status === status).length,
      ]),
    ),
  }
}

/** Without the settings: they are what --write turns into files. */
function findingDocument(host: string, finding: Finding): Omit<Finding, 'settings'> {
  const shown: Partial<Finding> & { host: string } = { host, ...finding }
  delete (shown as { settings?: unknown }).settings
  return shown as Finding & { host: string }
}
