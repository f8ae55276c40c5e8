/** One `name=value` of --assume. */
import { nearestName } from '../config/nearest.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import {
  ASSUMPTION_NAMES,
  ASSUMPTIONS,
  type AssumptionName,
  type AssumptionOverride,
} from './assumption-table.ts'

/** @throws PushctlError PUSHCTL_USAGE for a name that there is not, or what is no number. */
export function assumptionFrom(text: string): AssumptionOverride {
  const [name = '', value = ''] = text.split('=')
  const number = Number(value)
  const known = (ASSUMPTION_NAMES as readonly string[]).includes(name)
  const isShare = known && ASSUMPTIONS[name as AssumptionName].unit === 'share'
  const isFitting = number > 0 && Number.isFinite(number) && (!isShare || number <= 1)
  if (known && value.trim() !== '' && isFitting) {
    return { name: name as AssumptionName, value: number, source: '--assume' }
  }
  const shown = known ? name : (nearestName(name, ASSUMPTION_NAMES) ?? 'delivery-us')
  const wanted = isShare ? 'above 0 and at most 1' : 'above 0'
  throw new PushctlError(
    'PUSHCTL_USAGE',
    known
      ? `--assume ${name} must be a number ${wanted}, got "${value}"`
      : `--assume knows no "${name.slice(0, 60)}"`,
    {
      why: `it takes one of ${ASSUMPTION_NAMES.join(', ')}`,
      tries: [`--assume ${shown}=${ASSUMPTIONS[shown as AssumptionName].value}`],
    },
  )
}
