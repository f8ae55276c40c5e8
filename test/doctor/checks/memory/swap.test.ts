import { describe, expect, it } from 'vitest'
import { memorySwap } from '../../../../src/doctor/checks/memory/swap.ts'
import { known, unknown } from '../../../../src/doctor/fact.ts'
import {
  type FactsOptions,
  factsWith,
  findingOfCheck,
  findingsOf,
  processSampleWith,
  processWith,
} from '../../facts-builder.ts'

interface Swapping {
  readonly total?: number
  readonly used?: number
  readonly pagesIn?: readonly [number, number]
  readonly fullAvg10?: number
  /** VmSwap of a process named by --pid; none is named without it. */
  readonly swapped?: number
}

function withSwap(swapping: Swapping, options: FactsOptions = {}) {
  const { total = 8e9, used = 0, pagesIn = [0, 0], fullAvg10 = 0, swapped } = swapping
  return factsWith({
    sample: {
      meminfo: known({ SwapTotal: total, SwapFree: total - used }, '/proc/meminfo'),
      memoryPressure: known(
        { someAvg10: fullAvg10, fullAvg10, someTotalUs: 0 },
        '/proc/pressure/memory',
      ),
      ...(swapped === undefined
        ? {}
        : {
            processes: {
              4321: processSampleWith({ swapBytes: known(swapped, '/proc/4321/status') }),
            },
          }),
    },
    before: { vmstat: known({ pswpin: pagesIn[0] }, '/proc/vmstat') },
    after: { vmstat: known({ pswpin: pagesIn[1] }, '/proc/vmstat') },
    rest: { processes: swapped === undefined ? [] : [processWith()], ...options.rest },
  })
}

const statuses = (swapping: Swapping) =>
  findingsOf(memorySwap, withSwap(swapping)).map(({ status }) => status)

describe('memory/swap', () => {
  it('is ok without swap, and with swap that nobody uses', () => {
    expect(statuses({ total: 0 })).toEqual(['ok'])
    expect(statuses({})).toEqual(['ok'])
    expect(statuses({ swapped: 0 })).toEqual(['ok', 'ok'])
  })

  it('informs about swap in use, and warns while pages are read back', () => {
    expect(statuses({ used: 1e9 })).toEqual(['info'])
    expect(statuses({ used: 1e9, pagesIn: [10, 20] })).toEqual(['warn'])
  })

  it('warns of a server in swap, and is critical while it is read back', () => {
    expect(statuses({ used: 1e9, swapped: 1e6 })).toEqual(['info', 'warn'])
    const [, finding] = findingsOf(
      memorySwap,
      withSwap({ used: 1e9, swapped: 1e6, pagesIn: [10, 20] }),
    )
    expect(finding).toMatchObject({ status: 'critical', subject: 'node (pid 4321)' })
    expect(finding?.fix_for_good).toContain('MemorySwapMax=0')
  })

  it('never takes pages read back at some time since boot for now', () => {
    const swapping: Swapping = { used: 1e9, swapped: 1e6, pagesIn: [10, 20] }
    const facts = withSwap(swapping, { rest: { sampling: 'single', processes: [processWith()] } })
    expect(findingsOf(memorySwap, facts).map(({ status }) => status)).toEqual(['warn', 'warn'])
  })

  it('warns when every task waited for memory over 5 % of the time', () => {
    expect(statuses({ total: 0, fullAvg10: 5 })).toEqual(['ok'])
    expect(statuses({ total: 0, fullAvg10: 5.01 })).toEqual(['warn'])
  })

  it('is unknown without meminfo, without pswpin where there is swap, or without the process', () => {
    expect(findingOfCheck(memorySwap, factsWith()).status).toBe('unknown')
    const blind = factsWith({
      sample: { meminfo: known({ SwapTotal: 8e9, SwapFree: 8e9 }, '/proc/meminfo') },
    })
    expect(findingOfCheck(memorySwap, blind).status).toBe('unknown')
    const gone = withSwap({}, { rest: { processes: [processWith()] } })
    expect(findingsOf(memorySwap, gone).map(({ status }) => status)).toEqual(['ok', 'unknown'])
    const closed = processSampleWith({ swapBytes: unknown('permission denied', 'status') })
    const denied = factsWith({
      sample: {
        meminfo: known({ SwapTotal: 0, SwapFree: 0 }, '/proc/meminfo'),
        processes: { 4321: closed },
      },
      rest: { processes: [processWith()] },
    })
    expect(findingsOf(memorySwap, denied).map(({ status }) => status)).toEqual(['ok', 'unknown'])
  })
})
