import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PayloadText, payloadTextFault } from '../../../src/loadgen/population/payload-text.ts'

const DEVICES = { prefix: 'bench-é-', digits: 3 }

function textOf(template: string, device: number, counter: number, seed = 1): string {
  const text = new PayloadText(template, DEVICES, seed)
  const out = new Uint8Array(text.bytes.length + 10).fill(0x2e)
  out.set(text.bytes, 5)
  text.write(out, 5, device, counter)
  return Buffer.from(out.subarray(5, out.length - 5)).toString()
}

it('writes device and counter into every place that asks for them', () => {
  const written = textOf('{"to":"{device}","n":{counter},"ü":"{device}"}', 42, 7)
  expect(written).toBe('{"to":"bench-é-042","n":0000000007,"ü":"bench-é-042"}')
})

it('writes random digits, as many as asked for, the same from the same seed', () => {
  const written = textOf('{random}-{random:20}-{random:1}', 0, 0, 9)
  expect(written).toMatch(/^[0-9a-f]{8}-[0-9a-f]{20}-[0-9a-f]$/)
  expect(textOf('{random}-{random:20}-{random:1}', 0, 0, 9)).toBe(written)
  expect(textOf('{random}-{random:20}-{random:1}', 0, 0, 10)).not.toBe(written)
})

it('in a push to all the device is "all"', () => {
  const text = new PayloadText('for {device}', null, 1)
  text.write(text.bytes, 0, 5, 1)
  expect(Buffer.from(text.bytes).toString()).toBe('for all')
})

it('is as long for every message, whatever is written into it', () => {
  const part = fc.constantFrom('{device}', '{counter}', '{random}', '{random:3}', 'x', 'ü', '{}')
  const numbers = fc.tuple(fc.nat({ max: 999 }), fc.nat(), fc.integer())
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), numbers, (parts, [device, counter, seed]) => {
      const template = parts.join('')
      const written = textOf(template, device, counter, seed)
      const pattern = template
        .replaceAll('{device}', `bench-é-${String(device).padStart(3, '0')}`)
        .replaceAll('{counter}', String(counter).padStart(10, '0'))
        .replaceAll('{}', '\\{\\}')
        .replaceAll('{random:3}', '[0-9a-f]{3}')
        .replaceAll('{random}', '[0-9a-f]{8}')
      expect(written).toMatch(new RegExp(`^${pattern}$`))
    }),
  )
})

it.each([
  ['{devise}', 'has {devise}, expected {device}, {counter}, {random}'],
  ['{counter:3}', 'has {counter:3}, but only {random:N} has a width'],
  ['{random:0}', 'has {random:0}, expected {random:1} to {random:256}'],
  ['{random:x}', 'has {random:x}, expected {random:1} to {random:256}'],
  ['{"a":1, "b":{"c":"{random:256}"}}', null],
])('says what is wrong with %s', (text, fault) => {
  expect(payloadTextFault(text)).toBe(fault)
})
