import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { seededRandom } from '../../../src/loadgen/seeded-random.ts'
import { LIMITS } from '../../../src/protocol/frame-types.ts'
import { type CarrierName, upgradeHead } from '../device-peer.ts'
import { BETWEEN_TURNS, Dice, FUZZ_COUNT, FUZZ_LIMIT_MS, FUZZ_SEED } from './fuzz-settings.ts'
import { mutated } from './fuzzed-bytes.ts'
import { FuzzedShard } from './fuzzed-shard.ts'

/** The seed has the rest. */
const SHOWN_BYTES_MAX = 1_000
const STATUSES = [101, 400, 405, 426, 431]
/** Whole lines, put somewhere into a head that was good. */
const LINES = [
  'Origin: https://a.example',
  'Authorization: Bearer x',
  'Sec-WebSocket-Protocol: push.v1, push.v1.json',
  'Sec-WebSocket-Protocol: mqtt',
  'Sec-WebSocket-Protocol: ,,push.v1,',
  'Sec-WebSocket-Key: short',
  'Sec-WebSocket-Version: 8',
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Host: other.example',
  'Connection: close, upgrade',
  'Upgrade : websocket',
  ' folded: yes',
  'no colon',
  `X-Long: ${'v'.repeat(9_000)}`,
  'X-Many: 1\r\n'.repeat(64).trimEnd(),
  'X-Bare: a\nX-Next: b',
  'X-Control: \x00\x01\x7f',
  '',
]
const FIRST_LINES = [
  'POST /push HTTP/1.1',
  'GET push HTTP/1.1',
  'GET /push HTTP/1.0',
  'GET  /push HTTP/1.1',
  'GET /push',
  `GET /${'p'.repeat(8_200)} HTTP/1.1`,
  'HTTP/1.1 200 OK',
  '\x16\x03\x01\x02',
]

function fuzzedHead(good: readonly string[], dice: Dice): Uint8Array {
  const lines = dice.of(good).trimEnd().split('\r\n')
  for (let changes = dice.below(4); changes > 0; changes--) {
    const at = dice.below(lines.length)
    const kind = dice.below(6)
    if (kind < 2) lines.splice(1 + at, 0, dice.of(LINES))
    else if (kind === 2) lines.splice(at, 1)
    else if (kind === 3) lines[at] = lines[at]!.toUpperCase()
    else if (kind === 4 && dice.is(0.2)) lines[0] = dice.of(FIRST_LINES)
    else lines.push(lines.splice(at, 1)[0]!)
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return dice.is(0.3) ? mutated(head, dice) : head
}

it(
  `${FUZZ_COUNT} upgrade heads, right and wrong, are answered or waited for (seed ${FUZZ_SEED})`,
  async () => {
    const dice = new Dice(seededRandom(FUZZ_SEED))
    const carriers: readonly CarrierName[] = ['push.v1', 'push.v1.json']
    const good = carriers.flatMap((carrier) => [upgradeHead(carrier), upgradeHead(carrier)])
    const shard = await FuzzedShard.open(dice, 1)
    const counts = new Map<number, number>()
    for (let sent = 0; sent < FUZZ_COUNT; sent++) {
      const head = fuzzedHead(good, dice)
      const cut = dice.is(0.7) ? head.length : dice.below(head.length + 1)
      try {
        shard.accept(0, 'push.v1')
        shard.receive([0], [head.subarray(0, cut)])
        if (cut < head.length) shard.receive([0], [head.subarray(cut)])
        const status = shard.statusOf(0)
        counts.set(status, (counts.get(status) ?? 0) + 1)
        shard.leave(0)
      } catch (error) {
        const where = `seed ${FUZZ_SEED}, head ${sent}`
        const text = JSON.stringify(Buffer.from(head).toString('latin1', 0, SHOWN_BYTES_MAX))
        throw new Error(`${where}: ${String(error)} after ${text}`, { cause: error })
      }
      if (sent % BETWEEN_TURNS === 0) await turn()
    }
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual([0, ...STATUSES])
    expect(shard.engine.keptBytesMax).toBeLessThanOrEqual(LIMITS.upgradeHeadBytesMax)
    expect(shard.totals).toMatchObject({ connectionsOpen: 0, bufferedBytes: 0 })
    await shard.close()
  },
  FUZZ_LIMIT_MS,
)
