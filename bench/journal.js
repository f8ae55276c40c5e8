/**
 * The journal of stored pushes against LevelDB as that journal, which it was before: batches of one
 * size, one after the other, each confirmed by the disk before the next, and each let go 4 MiB
 * later. Both write to folders of one disk, in turn; ratios are taken within a round.
 *
 *   node bench/journal.js [--folder DIR] [--rounds 5] [--writes 10000] [--bytes 4096]
 *
 * Prints a table. The disk of the folder is what is measured: take the one that --data-dir is on.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ClassicLevel } from 'classic-level'
import { loadSource } from './source-modules.js'

const RETAINED_BYTES = 4 << 20
const SLOW_MS = 5
const MODULES = {
  'server/store/journal-files': ['JournalFiles'],
  'server/store/journal-frame': ['FRAME_HEADER_BYTES'],
}

/** As src/server/store writes it. */
async function journalWriter(folder, bytes, { JournalFiles, FRAME_HEADER_BYTES }) {
  const { files } = await JournalFiles.open(folder, 1)
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bytes).fill(120)
  const kept = Math.floor(RETAINED_BYTES / bytes)
  return {
    async write(number) {
      await files.append(frame, number)
      files.release(number - kept)
    },
    close: () => files.close(),
  }
}

/** A key a batch, written with fsync, and the key of an old one removed in the same write. */
async function levelWriter(folder, bytes) {
  const level = new ClassicLevel(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    compression: false,
  })
  await level.open()
  const value = new Uint8Array(bytes).fill(120)
  const kept = Math.floor(RETAINED_BYTES / bytes)
  const keyOf = (number) => {
    const key = new Uint8Array(9)
    new DataView(key.buffer).setFloat64(1, number)
    return key
  }
  return {
    async write(number) {
      const batch = level.batch().put(keyOf(number), value)
      if (number > kept) batch.del(keyOf(number - kept))
      await batch.write({ sync: true })
    },
    close: () => level.close(),
  }
}

async function measure(writer, writes) {
  const times = new Float64Array(writes)
  const cpu = process.cpuUsage()
  const disk = diskBytes()
  for (let number = 1; number <= writes; number++) {
    const startMs = performance.now()
    await writer.write(number)
    times[number - 1] = performance.now() - startMs
  }
  const { user, system } = process.cpuUsage(cpu)
  await writer.close()
  const slow = times.filter((ms) => ms > SLOW_MS)
  times.sort()
  const at = (share) => times[Math.min(writes - 1, Math.floor(share * writes))]
  return {
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    slow: slow.length,
    cpuUs: (user + system) / writes,
    diskBytes: (diskBytes() - disk) / writes,
  }
}

/** Given to disks by this process, its threads included. */
function diskBytes() {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))[1])
}

const COLUMNS = [
  ['p50 of a write, ms', 'p50Ms', 2],
  ['p99, ms', 'p99Ms', 2],
  ['p99.9, ms', 'p999Ms', 2],
  [`writes over ${SLOW_MS} ms`, 'slow', 0],
  ['CPU a write, µs', 'cpuUs', 0],
  ['to disk a write, bytes', 'diskBytes', 0],
]

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: '.' },
    rounds: { type: 'string', default: '5' },
    writes: { type: 'string', default: '10000' },
    bytes: { type: 'string', default: '4096' },
  },
})
const rounds = Number(values.rounds)
const writes = Number(values.writes)
const bytes = Number(values.bytes)
const limits = [
  ['--rounds', rounds, 99],
  ['--writes', writes, 1e6],
  ['--bytes', bytes, 1 << 20],
]
const faults = limits.filter(
  ([, count, max]) => !(Number.isInteger(count) && count >= 1 && count <= max),
)
for (const [name, , max] of faults) console.error(`${name} must be between 1 and ${max}`)
if (faults.length > 0) process.exit(2)

const source = await loadSource(MODULES)
const found = { journal: [], LevelDB: [] }
for (let round = 1; round <= rounds; round++) {
  process.stderr.write(`round ${round} of ${rounds}\n`)
  for (const [name, open] of [
    ['journal', journalWriter],
    ['LevelDB', levelWriter],
  ]) {
    const folder = mkdtempSync(join(values.folder, '.journal-'))
    try {
      found[name].push(await measure(await open(folder, bytes, source), writes))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
}
console.log(`${writes} writes of ${bytes} bytes, median of ${rounds} rounds\n`)
console.log('| | journal | LevelDB | ratio |\n|---|---|---|---|')
for (const [title, field, digits] of COLUMNS) {
  const of = (name) => median(found[name].map((round) => round[field])).toFixed(digits)
  const ratios = found.journal.map((round, at) => round[field] / found.LevelDB[at][field])
  const ratio = median(ratios)
  const cells = [
    title,
    of('journal'),
    of('LevelDB'),
    Number.isFinite(ratio) ? ratio.toFixed(2) : '–',
  ]
  console.log(`| ${cells.join(' | ')} |`)
}
