/**
 * What the figures since boot and in the window are worth: a host that has just started has no
 * history, and two samples that do not lie as far apart as they say give wrong rates.
 */
import { grouped } from '../../counter-moves.ts'
import type { Facts } from '../../facts.ts'
import {
  type Check,
  type Finding,
  findingOf,
  type Judgement,
  unknownFinding,
} from '../../finding.ts'

const YOUNG_SECONDS = 600
/** Reading all of a busy host takes time itself. */
const SLACK_SECONDS = 1
const SLACK_SHARE = 0.2

export const timeWindow: Check = {
  id: 'time/window',
  title: 'Window that counters were watched for',
  family: 'time',
  roles: ['server', 'loadgen'],
  scope: 'host',
  source: 'proc_uptime(5)',
  why:
    'Counters are judged by how they move between two samples; totals since boot are context. ' +
    'On a host that started minutes ago even the totals are young.',
  explain: `Doctor samples twice, --window apart (5 s by default). What moved in between happens
now; what only has a total happened at some time since boot, or, for counters of a network
namespace, since that was made. A captured folder may hold one sample: then a loss is reported as a
warning at most, because it may be old.

Within ten minutes after boot "since boot" is marked young: caches are cold, start-up storms are in
the totals. A longer window (--window 60s) finds rare losses.`,
  evaluate: evaluateWindow,
}

function evaluateWindow(facts: Facts): Finding {
  const { uptimeSeconds: after } = facts.after
  const { uptimeSeconds: before } = facts.before
  if (!after.known) return unknownFinding(timeWindow, after)
  if (!before.known) return unknownFinding(timeWindow, before)
  const windowSeconds = facts.windowMs / 1_000
  const apart = after.value - before.value
  const evidence = [`${after.source}: up ${grouped(Math.floor(after.value))} s`]
  const give = (judgement: Omit<Judgement, 'evidence'>): Finding =>
    findingOf(timeWindow, { evidence, ...judgement })
  const isYoung = after.value < YOUNG_SECONDS
  const age = isYoung ? `; up for ${Math.floor(after.value / 60)} min only, totals are young` : ''
  if (facts.sampling === 'single') {
    return give({
      status: 'info',
      observed: `one sample only: losses cannot be told to be new${age}`,
      needed: 'two samples',
    })
  }
  evidence.push(
    `the samples say ${apart.toFixed(1)} s apart, the window ` + `${windowSeconds.toFixed(1)} s`,
  )
  const slack = Math.max(SLACK_SECONDS, SLACK_SHARE * windowSeconds)
  if (Math.abs(apart - windowSeconds) > slack) {
    return give({
      status: 'unknown',
      observed:
        apart < 0
          ? 'unknown: the host was restarted between the samples'
          : `unknown: the samples lie ${apart.toFixed(1)} s apart, not ` +
            `${windowSeconds.toFixed(1)} s`,
      needed: 'two samples of one boot, as far apart as the window',
    })
  }
  return give({
    status: isYoung ? 'info' : 'ok',
    observed: `${windowSeconds.toFixed(1)} s${age}`,
    needed: `a host that is up for ${YOUNG_SECONDS / 60} min or more`,
  })
}
