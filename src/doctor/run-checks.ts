/**
 * Runs every check that concerns the target's role and orders what they say, worst first. A check
 * that throws is a bug of that check alone: its finding is unknown and names the error, and the
 * other findings stand.
 */
import { CHECKS } from './check-table.ts'
import type { Facts } from './facts.ts'
import { type Check, type Finding, findingOf, STATUSES, type Status } from './finding.ts'
import type { Target } from './target.ts'

export function runChecks(
  facts: Facts,
  target: Target,
  checks: readonly Check[] = CHECKS,
): Finding[] {
  return checks
    .filter((check) => concernsRole(check, target))
    .flatMap((check) => evaluateSafely(check, facts, target))
    .sort((a, b) => STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status))
}

export function worstStatus(findings: readonly Finding[]): Status {
  return STATUSES.find((status) => findings.some((finding) => finding.status === status)) ?? 'ok'
}

function concernsRole(check: Check, target: Target): boolean {
  return target.role === 'both' || check.roles.includes(target.role)
}

function evaluateSafely(check: Check, facts: Facts, target: Target): readonly Finding[] {
  try {
    const findings = check.evaluate(facts, target)
    return Array.isArray(findings) ? findings : [findings as Finding]
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return [
      findingOf(check, {
        status: 'unknown',
        observed: `unknown: the check itself failed (${message}); please report this as a bug`,
      }),
    ]
  }
}
