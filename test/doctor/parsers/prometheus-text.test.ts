import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePrometheusText } from '../../../src/doctor/parsers/prometheus-text.ts'

describe('Prometheus text', () => {
  it('gives series by name, with labels, stamps and exemplars', () => {
    const table = parsePrometheusText(
      [
        '# HELP up Whether it is up.',
        '# TYPE up gauge',
        'up 1',
        'http_requests_total{method="post",path="/a \\"b\\" \\\\ c, d={e}"} 1027 1395066363000',
        'http_requests_total{method="get",} 3e3',
        'latency_bucket{le="+Inf"} 17 # {trace="x"} 0.5',
        'quoted{text="a # {b=\\"c\\"} 9"} 5',
        'odd -Inf',
        '',
      ].join('\r\n'),
    )
    expect(table?.get('up')).toEqual([{ labels: {}, value: 1 }])
    expect(
      table?.get('http_requests_total')?.map(({ labels, value }) => [{ ...labels }, value]),
    ).toEqual([
      [{ method: 'post', path: '/a "b" \\ c, d={e}' }, 1_027],
      [{ method: 'get' }, 3_000],
    ])
    expect(table?.get('latency_bucket')?.[0]?.value).toBe(17)
    expect(table?.get('quoted')?.[0]).toMatchObject({
      labels: { text: 'a # {b="c"} 9' },
      value: 5,
    })
    expect(table?.get('odd')?.[0]?.value).toBe(-Infinity)
  })

  it('leaves out lines that do not parse, and is null where none does', () => {
    const table = parsePrometheusText('a{b=c} 1\na{b="c"} x\nok 2\n{"a":1} 3\n')
    expect([...table!.keys()]).toEqual(['ok'])
    expect(parsePrometheusText('<html><body>502 Bad Gateway</body></html>')).toBeNull()
    expect(parsePrometheusText('')).toBeNull()
  })

  it('is bounded: long lines and endless labels are left out', () => {
    const labels = Array.from({ length: 100 }, (_, index) => `l${index}="x"`).join()
    expect(parsePrometheusText(`a{${labels}} 1\nb{c="${'x'.repeat(10_000)}"} 1\nok 1`)).toEqual(
      new Map([['ok', [{ labels: {}, value: 1 }]]]),
    )
  })

  it('reads back what it is given, and survives anything', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/)
    fc.assert(
      fc.property(
        name,
        name,
        fc.string({ maxLength: 50 }),
        fc.double(),
        (metric, label, text, value) => {
          const escaped = text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
          if (/[\r\u2028\u2029]/.test(text) || Number.isNaN(value)) return
          const line = `${metric}{${label}="${escaped}"} ${Object.is(value, Infinity) ? '+Inf' : value}`
          const [row] = parsePrometheusText(line)?.get(metric) ?? []
          expect(row?.labels[label]).toBe(text)
          // -0 is printed as 0.
          expect(row?.value === value).toBe(true)
        },
      ),
    )
    fc.assert(fc.property(fc.string(), (text) => void parsePrometheusText(text)))
  })
})
