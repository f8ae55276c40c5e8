import { expect, it } from 'vitest'
import { totalRow } from '../../../src/commands/top/row-order.ts'
import { topDocument, topLines } from '../../../src/commands/top/top-lines.ts'
import { busyRow, deadRow } from './sample-node.ts'

it('one look is a line a node with the same fields, the total last', () => {
  const rows = [busyRow('push 1'), deadRow()]
  expect(topLines('12:00:05', rows, totalRow(rows))).toMatchInlineSnapshot(`
    "12:00:05  push_1  ready  connections 1500  devices 1400  connects/s 50  pushes/s 10  messages/s 1000  bytes_out/s 32768  errors/s 1.0  waiting_bytes 2048  lag_ms 0.5  api_p99_ms 1.0  rss_bytes 157286400  level 1  shards 1/2
    12:00:05  b:2  no answer: nobody listens at http://b:2
    12:00:05  total  1/2_up  connections 1500  devices 1400  connects/s 50  pushes/s 10  messages/s 1000  bytes_out/s 32768  errors/s 1.0  waiting_bytes 2048  lag_ms 0.5  api_p99_ms 1.0  rss_bytes 157286400  level 1  shards 1/2"
  `)
  expect(topLines('12:00:05', [rows[0]!], totalRow([rows[0]!])).split('\n')).toHaveLength(1)
})

it('the document has the nodes and their total', () => {
  const rows = [busyRow(), deadRow()]
  expect(JSON.parse(JSON.stringify(topDocument('12:00:05', rows, totalRow(rows))))).toMatchObject({
    schema: 'pushctl.top/1',
    nodes: [{ name: 'push-1', failure: '' }, { failure: 'nobody listens at http://b:2' }],
    total: { connections: 1_500, url: null },
  })
})
