/** What became of a rollout, for people. */
import { tableLines } from '../../report/table.ts'
import type { RolledNode, RolloutOutcome } from './rollout.ts'

const ENDS: Readonly<Record<RolloutOutcome['outcome'], string>> = {
  done: 'all nodes are restarted',
  stopped: 'stopped; nothing was put back, because there is no --revert',
  reverted: 'stopped, and all that was restarted is put back',
  'revert-failed': 'stopped, but not all that was restarted could be put back',
  interrupted: 'interrupted; what was restarted stays',
}

export function rolloutText({ outcome, reason, nodes }: RolloutOutcome): string {
  const rows = [['NODE', 'STAGE', 'STATE', 'VERSION', 'DRAINED', 'DOWN'], ...nodes.map(rowOf)]
  const end = reason === '' || outcome === 'interrupted' ? '' : `\n${reason}`
  return `${tableLines(rows, ['left', 'right']).join('\n')}\n\n${ENDS[outcome]}${end}`
}

function rowOf(node: RolledNode): string[] {
  const { versionBefore, versionAfter, state } = node
  const isChanged = versionAfter !== '' && versionAfter !== versionBefore
  return [
    node.node,
    String(node.stage),
    state,
    isChanged ? `${versionBefore} → ${versionAfter}` : versionBefore,
    secondsText(node.drainSeconds),
    secondsText(node.downSeconds),
  ]
}

function secondsText(seconds: number): string {
  return seconds === 0 ? '' : `${seconds.toFixed(1)} s`
}
