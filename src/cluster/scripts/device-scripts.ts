/**
 * Scripts of devices: who has one, and its inbox. Each works on many devices where they are on one
 * server, and is called with one where Redis Cluster may have them apart. Each answers with one
 * string of packed rows, because a reply of many small values costs Redis and the node several
 * times more.
 *
 *   d:{hash}  hash   n  number of the node that has it · s  session, µs · q  next sequence number
 *                    b  pending bytes · t  last number that was trimmed · x  last that expired
 *   i:{hash}  list   pending messages, oldest first: expires at s u32 · mode u8 · payload
 *
 * The message at the head of the list has the number q - length: what is pending has no gaps, so
 * that messages need not carry their numbers.
 */
import { defineScript } from '../redis-script.ts'

/** Bytes of a message before its payload. */
export const ITEM_HEAD_BYTES = 5

/** Reads d and i of a device; the others begin with it. */
const READ_ROW = `
local function read_row(d, i)
  local row = redis.call('HMGET', d, 'n', 's', 'q')
  local length = redis.call('LLEN', i)
  return tonumber(row[1]) or 0, tonumber(row[2]) or 0, tonumber(row[3]) or 1, length
end
local function whole(number) return string.format('%.0f', number) end
local function heads(i, from)
  local parts = {}
  for _, item in ipairs(redis.call('LRANGE', i, from, -1)) do
    parts[#parts + 1] = struct.pack('>I4', #item - 5) .. string.sub(item, 1, 5)
  end
  return table.concat(parts)
end
`

/**
 * A device is let in at a node, under a new session.
 * KEYS d, i of each · ARGV node, ttl s, then of each what it has received.
 * Row: session f64 · node before u32 · session before f64 · next number f64 · pending u32 · of each
 * pending message bytes u32, expires at s u32, mode u8.
 * The session is the time, so that it never returns, whatever was deleted in between.
 */
export const CLAIM = defineScript(
  'claim',
  1,
  `${READ_ROW}
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local rows = {}
for k = 1, #KEYS, 2 do
  local d, i = KEYS[k], KEYS[k + 1]
  local n, s, q, length = read_row(d, i)
  local seen = tonumber(ARGV[2 + (k + 1) / 2])
  local session = math.max(s + 1, now)
  if seen >= q and length == 0 then
    q = seen + 1
    redis.call('HSET', d, 'n', ARGV[1], 's', whole(session), 'q', whole(q))
  else
    redis.call('HSET', d, 'n', ARGV[1], 's', whole(session))
  end
  redis.call('EXPIRE', d, ARGV[2])
  rows[#rows + 1] = struct.pack('>dI4ddI4', session, n, s, q, length)
  if length > 0 then rows[#rows + 1] = heads(i, 0) end
end
return table.concat(rows)
`,
)

/**
 * A device has left its node: nothing where it is elsewhere already.
 * KEYS d of each · ARGV node, ttl s, then of each its session.
 * A device that never got a stored push leaves nothing behind.
 */
export const RELEASE = defineScript(
  'release',
  1,
  `
for k = 1, #KEYS do
  local row = redis.call('HMGET', KEYS[k], 'n', 's', 'q')
  if row[1] == ARGV[1] and row[2] == ARGV[2 + k] then
    if row[3] then
      redis.call('HDEL', KEYS[k], 'n')
      redis.call('EXPIRE', KEYS[k], ARGV[2])
    else
      redis.call('DEL', KEYS[k])
    end
  end
end
return ''
`,
)

/**
 * Stores one message for each device.
 * KEYS d, i of each · ARGV ttl s, messages at most, bytes at most, then of each expires at s and
 * the message. Row: its number f64 · node u32 · session f64.
 */
const STORE_BODY = `
local ttl, count_max, bytes_max = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local function store(d, i, expires, item)
  local row = redis.call('HMGET', d, 'n', 's', 'q', 'b')
  local q, b = tonumber(row[3]) or 1, tonumber(row[4]) or 0
  local length = redis.call('RPUSH', i, item)
  if length == 1 then
    b = 0
    redis.call('EXPIREAT', i, expires)
  else
    redis.call('EXPIREAT', i, expires, 'GT')
  end
  b = b + #item - 5
  local trimmed = false
  while length > count_max or (b > bytes_max and length > 1) do
    b = b - #redis.call('LPOP', i) + 5
    length = length - 1
    trimmed = true
  end
  if trimmed then
    redis.call('HSET', d, 'q', whole(q + 1), 'b', whole(b), 't', whole(q - length))
  else
    redis.call('HSET', d, 'q', whole(q + 1), 'b', whole(b))
  end
  redis.call('EXPIRE', d, ttl)
  return struct.pack('>dI4d', q, tonumber(row[1]) or 0, tonumber(row[2]) or 0)
end
`

export const STORE = defineScript(
  'store',
  1,
  `${READ_ROW}${STORE_BODY}
local rows = {}
for k = 1, #KEYS, 2 do
  rows[#rows + 1] = store(KEYS[k], KEYS[k + 1], ARGV[3 + k], ARGV[4 + k])
end
return table.concat(rows)
`,
  { givesNumbers: true },
)

/**
 * As STORE, and only once for an idempotency key: KEYS d, i, k of each · ARGV has the seconds for
 * which keys are kept behind the limits. Of a message that was stored before, the number comes
 * with the sign turned round, and no node.
 */
export const STORE_ONCE = defineScript(
  'store-once',
  1,
  `${READ_ROW}${STORE_BODY}
local rows = {}
for k = 1, #KEYS, 3 do
  local before = redis.call('GET', KEYS[k + 2])
  if before then
    rows[#rows + 1] = struct.pack('>dI4d', -tonumber(before), 0, 0)
  else
    local at = 3 + 2 * (k + 2) / 3
    local row = store(KEYS[k], KEYS[k + 1], ARGV[at], ARGV[at + 1])
    redis.call('SET', KEYS[k + 2], whole(struct.unpack('>d', row)), 'EX', ARGV[4])
    rows[#rows + 1] = row
  end
end
return table.concat(rows)
`,
  { givesNumbers: true },
)

/**
 * Everything below a number is gone from the inbox.
 * KEYS d, i of each · ARGV ttl s, then of each the number, and 1 where its time was over.
 */
export const ADVANCE = defineScript(
  'advance',
  1,
  `${READ_ROW}
for k = 1, #KEYS, 2 do
  local d, i = KEYS[k], KEYS[k + 1]
  local first, expired = tonumber(ARGV[k + 1]), ARGV[k + 2]
  local _, _, q, length = read_row(d, i)
  local gone = first - (q - length)
  if first > q then
    redis.call('HSET', d, 'q', whole(first))
    redis.call('EXPIRE', d, ARGV[1])
  end
  if gone >= length then
    if length > 0 then
      redis.call('DEL', i)
      redis.call('HSET', d, 'b', 0)
    end
  elseif gone > 0 then
    local bytes = 0
    for _, item in ipairs(redis.call('LPOP', i, gone)) do bytes = bytes + #item - 5 end
    redis.call('HINCRBY', d, 'b', whole(-bytes))
  end
  if gone > 0 and expired == '1' then redis.call('HSET', d, 'x', whole(first - 1)) end
end
return ''
`,
)

/**
 * What is pending from a number on.
 * KEYS d, i of each · ARGV of each the number. Row: next number f64 · first number f64 · count u32
 * and the heads as CLAIM has them.
 */
export const TAIL = defineScript(
  'tail',
  1,
  `${READ_ROW}
local rows = {}
for k = 1, #KEYS, 2 do
  local _, _, q, length = read_row(KEYS[k], KEYS[k + 1])
  local first = math.max(q - length, math.min(q, tonumber(ARGV[(k + 1) / 2])))
  rows[#rows + 1] = struct.pack('>ddI4', q, first, q - first)
  if first < q then rows[#rows + 1] = heads(KEYS[k + 1], first - (q - length)) end
end
return table.concat(rows)
`,
)

/**
 * Payloads. KEYS d, i · ARGV of each span of one device first number and how many.
 * Of each asked message bytes u32 (2^32-1: it is gone) and the payload.
 */
export const READ = defineScript(
  'read',
  1,
  `${READ_ROW}
local rows = {}
for k = 1, #KEYS, 2 do
  local _, _, q, length = read_row(KEYS[k], KEYS[k + 1])
  local first, count = tonumber(ARGV[k]), tonumber(ARGV[k + 1])
  local from = first - (q - length)
  for _ = 1, math.min(count, math.max(0, -from)) do
    rows[#rows + 1] = struct.pack('>I4', 4294967295)
  end
  local kept = math.min(count, from + count)
  local items = {}
  if kept > 0 then
    items = redis.call('LRANGE', KEYS[k + 1], math.max(0, from), math.max(0, from) + kept - 1)
  end
  for _, item in ipairs(items) do
    rows[#rows + 1] = struct.pack('>I4', #item - 5)
    rows[#rows + 1] = string.sub(item, 6)
  end
  for _ = 1, math.max(0, kept - #items) do
    rows[#rows + 1] = struct.pack('>I4', 4294967295)
  end
end
return table.concat(rows)
`,
)

/**
 * Where devices are, and how far their inboxes. KEYS d, i of each.
 * Row: node u32 · session f64 · next number f64 · first pending f64 · last trimmed f64 · last
 * expired f64.
 */
export const WHERE = defineScript(
  'where',
  1,
  `
local rows = {}
for k = 1, #KEYS, 2 do
  local row = redis.call('HMGET', KEYS[k], 'n', 's', 'q', 't', 'x')
  local q = tonumber(row[3]) or 1
  rows[#rows + 1] = struct.pack('>I4ddddd', tonumber(row[1]) or 0, tonumber(row[2]) or 0, q,
    q - redis.call('LLEN', KEYS[k + 1]), tonumber(row[4]) or 0, tonumber(row[5]) or 0)
end
return table.concat(rows)
`,
)

/**
 * What a node believes of its devices, held against what is written; what Redis has lost is written
 * again. KEYS d, i of each · ARGV node, ttl s, then of each session and next number.
 * Row: state u8 (0 as believed, 1 a newer session is elsewhere, 2 written again) · next number f64
 */
export const AUDIT = defineScript(
  'audit',
  1,
  `${READ_ROW}
local rows = {}
for k = 1, #KEYS, 2 do
  local d = KEYS[k]
  local n, s, q = read_row(d, KEYS[k + 1])
  local session, next = tonumber(ARGV[k + 2]), tonumber(ARGV[k + 3])
  local state = 0
  if s > session then
    state = 1
  elseif s < session or n ~= tonumber(ARGV[1]) or q < next then
    state = 2
    redis.call('HSET', d, 'n', ARGV[1], 's', whole(session))
    if next > q then
      q = next
      redis.call('HSET', d, 'q', whole(q))
    end
  end
  if state ~= 1 then redis.call('EXPIRE', d, ARGV[2]) end
  rows[#rows + 1] = struct.pack('>Bd', state, q)
end
return table.concat(rows)
`,
)
