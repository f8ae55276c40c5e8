import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { packageRoot } from '../../../src/config/package-root.ts'
import { DEFAULT_HTTP_LIMITS } from '../../../src/server/http/limits.ts'
import { METRICS } from '../../../src/server/http/metric-table.ts'
import { PROBLEM_KINDS } from '../../../src/server/http/problem.ts'
import { ROUTES } from '../../../src/server/http/route-table.ts'

const text = readFileSync(join(packageRoot(), 'docs', 'http-api.md'), 'utf8')

it('docs/http-api.md lists every problem with its status, and no other', () => {
  const told = [...text.matchAll(/^\| `([a-z0-9-]+)` \| (\d{3}) \|/gm)]
  const kinds = Object.entries(PROBLEM_KINDS).map(([code, [status]]) => [code, String(status)])
  expect(told.map(([, code, status]) => [code, status])).toEqual(kinds)
})

it('docs/http-api.md names every metric and no other', () => {
  const told = [...text.matchAll(/`(pushctl_\w+)/g)].map(([, name]) => name)
  expect(told.toSorted()).toEqual(METRICS.map((metric) => metric.name).toSorted())
})

it('docs/http-api.md names every route', () => {
  for (const { method, path } of ROUTES) expect(text).toContain(`\`${method} ${path}\``)
})

it('docs/http-api.md states the limits that are enforced', () => {
  const { payloadBytesMax, deviceIdsPerPushMax, connectionsMax, linesInFlightMax } =
    DEFAULT_HTTP_LIMITS
  for (const limit of [payloadBytesMax, deviceIdsPerPushMax, connectionsMax, linesInFlightMax]) {
    expect(text).toContain(limit.toLocaleString('en'))
  }
})
