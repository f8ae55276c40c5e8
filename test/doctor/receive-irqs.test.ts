import { describe, expect, it } from 'vitest'
import { known } from '../../src/doctor/fact.ts'
import { receiveIrqs } from '../../src/doctor/receive-irqs.ts'
import { factsWith } from './facts-builder.ts'
import { effectiveCpus, interfaceWith, interruptsWith } from './host-builder.ts'

describe('receive interrupts', () => {
  it.each([
    ['virtio', ['virtio2-config', 'virtio2-input.0', 'virtio2-output.0'], ['virtio2-input.0']],
    ['ixgbe', ['eth0-TxRx-0', 'eth0-TxRx-1', 'eth0'], ['eth0-TxRx-0', 'eth0-TxRx-1']],
    ['mlx5', ['mlx5_async0@pci:0000:3b', 'mlx5_comp0@pci:0000:3b'], ['mlx5_comp0@pci:0000:3b']],
    ['ena', ['ena-mgmnt@pci:0000:00', 'eth0-Tx-Rx-0'], ['eth0-Tx-Rx-0']],
    ['e1000', ['eth0'], ['eth0']],
    ['split queues', ['eth0-rx-0', 'eth0-tx-0'], ['eth0-rx-0']],
  ])('of %s are told from those for control and sending', (_, names, expected) => {
    const row = interfaceWith({
      irqNumbers: known(
        names.map((_name, index) => 30 + index),
        'sysfs',
      ),
    })
    const interrupts = interruptsWith(names.map((name, index) => [30 + index, name, 0]))
    const irqs = receiveIrqs(factsWith({ sample: { interrupts } }), row)
    expect(irqs.known && irqs.value.map(({ name }) => name)).toEqual(expected)
  })

  it('are found by the name of the interface where sysfs lists none', () => {
    const interrupts = interruptsWith([
      [40, 'eth0-TxRx-0', 5],
      [41, 'eth01-TxRx-0', 5],
    ])
    const irqs = receiveIrqs(factsWith({ sample: { interrupts } }), interfaceWith())
    expect(irqs.known && irqs.value.map(({ irq }) => irq)).toEqual([40])
    const none = factsWith({ sample: { interrupts: interruptsWith([[1, 'ttyS0', 3]]) } })
    expect(receiveIrqs(none, interfaceWith()).known).toBe(false)
  })

  it(
    'count right across a wrap, and fire where the kernel says, else where they were ' + 'counted',
    () => {
      const row = interfaceWith({ irqNumbers: known([50, 51], 'sysfs') })
      const facts = factsWith({
        network: { irqs: effectiveCpus({ 50: 0 }) },
        before: {
          interrupts: interruptsWith([
            [50, 'eth0-rx-0', 2 ** 32 - 10, 0],
            [51, 'eth0-rx-1', 0, 100],
          ]),
        },
        after: {
          interrupts: interruptsWith([
            [50, 'eth0-rx-0', 90, 0],
            [51, 'eth0-rx-1', 0, 300],
          ]),
        },
      })
      expect(receiveIrqs(facts, row)).toMatchObject({
        value: [
          { irq: 50, moved: 100, firesOn: [0] },
          { irq: 51, moved: 200, firesOn: [1] },
        ],
      })
    },
  )
})
