/**
 * Scripts of the log of broadcasts: one stream for all nodes, which each node reads and serves to
 * its own devices.
 *
 *   {c}:log         stream  <seq>-0: i push id · x expires at s · p payload · t tag, if any
 *   {c}:log-head    string  number of the last entry, also when it is gone
 *   {c}:log-states  hash    number → paused or cancelled
 */
import { defineScript } from '../redis-script.ts'

/**
 * KEYS log, head, idempotency key · ARGV entries at most, smallest number, push id, expires at s,
 * payload, 1 where it has a tag, the tag, seconds for which the key is kept (0: there is none).
 * Returns number, push id; those of before where the key is known.
 */
export const APPEND = defineScript(
  'append',
  1,
  `
local once = tonumber(ARGV[8])
if once > 0 then
  local before = redis.call('GET', KEYS[3])
  if before then
    local seq, id = string.match(before, '^(%d+) (.*)$')
    return { seq, id, 1 }
  end
end
local last = tonumber(redis.call('GET', KEYS[2])) or 0
local seq = string.format('%.0f', math.max(last + 1, tonumber(ARGV[2])))
redis.call('SET', KEYS[2], seq)
local fields = { 'i', ARGV[3], 'x', ARGV[4], 'p', ARGV[5] }
if ARGV[6] == '1' then
  fields[7] = 't'
  fields[8] = ARGV[7]
end
redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[1], seq .. '-0', unpack(fields))
if once > 0 then redis.call('SET', KEYS[3], seq .. ' ' .. ARGV[3], 'EX', once) end
return { seq, ARGV[3], 0 }
`,
  { givesNumbers: true },
)

/** KEYS counts of one entry · ARGV seconds to keep, online, sent, acked: added to what is there. */
export const COUNT = defineScript(
  'count',
  1,
  `
redis.call('HINCRBY', KEYS[1], 'online', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'sent', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'acked', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
`,
)
