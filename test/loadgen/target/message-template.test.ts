import { describe, expect, it } from 'vitest'
import { MessageTemplate, templateFault } from '../../../src/loadgen/target/message-template.ts'

const names = { runId: 36 ** 3, devices: { prefix: 'bench-x-', digits: 3 } }

function written(template: MessageTemplate, connection: number): string {
  const out = new Uint8Array(template.bytes.length + 2)
  const end = template.write(out, 1, connection)
  return Buffer.from(out.subarray(1, end)).toString()
}

describe('a message template', () => {
  it('has the device in every place, and leaves the text around it alone', () => {
    const template = new MessageTemplate('é {device}→"{device}" of {run} {x}', names)
    expect(written(template, 42)).toBe('é bench-x-042→"bench-x-042" of 1000 {x}')
    expect(written(template, 7)).toBe('é bench-x-007→"bench-x-007" of 1000 {x}')
    expect(template.markerAt).toBe(-1)
  })

  it('makes room for a payload of the size that was asked for', () => {
    const template = new MessageTemplate('{"é":"{payload}"}', names, 40)
    expect(template.markerAt).toBe(Buffer.byteLength('{"é":"'))
    expect(written(template, 1)).toBe(`{"é":"${'.'.repeat(40)}"}`)
    expect(new MessageTemplate('{payload}', names, 24).bytes).toHaveLength(32)
  })

  it('has one payload or is at fault', () => {
    expect(templateFault('{payload} {payload}', true)).toBe('has {payload} more than once')
    expect(templateFault('{device}', true)).toBe('has no {payload}')
    expect(templateFault('{device}', false)).toBeNull()
    expect(templateFault('<{payload}>', true)).toBeNull()
  })
})
