import { totalmem } from 'node:os'
import { expect, test } from 'vitest'
import { describeMachine, machineText } from '../../../src/commands/doctor/describe-machine.ts'

test('this machine is described by what it says of itself', async () => {
  const machine = await describeMachine()
  expect(machine?.cores).toBeGreaterThan(0)
  expect(machine?.memory_bytes).toBe(totalmem())
  expect(machineText(machine!)).toMatch(/\d+ cores?, \d+ GiB/)
})

test('what is not known is left out', () => {
  const machine = {
    distribution: null,
    cpu: 'Some CPU',
    cores: 1,
    memory_bytes: null,
    hypervisor: null,
  }
  expect(machineText(machine)).toBe('Some CPU, 1 core')
})
