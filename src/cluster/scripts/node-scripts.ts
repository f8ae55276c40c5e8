/**
 * Scripts of the nodes themselves: joining the cluster, and the lease with which a node says that
 * it lives and learns who else does. All nodes are in one hash, so that one call renews a lease and
 * reads all others by one clock; the cost is that a call returns all records.
 */
import { defineScript } from '../redis-script.ts'

/**
 * KEYS meta · ARGV format, key of the device hash (hex), smallest node number.
 * Returns format, key of the device hash, number of this run of the node.
 */
export const JOIN = defineScript(
  'join',
  1,
  `
redis.call('HSETNX', KEYS[1], 'format', ARGV[1])
redis.call('HSETNX', KEYS[1], 'hash-key', ARGV[2])
local number = tonumber(redis.call('HGET', KEYS[1], 'node-number')) or 0
number = math.max(number + 1, tonumber(ARGV[3]))
redis.call('HSET', KEYS[1], 'node-number', string.format('%.0f', number))
local meta = redis.call('HMGET', KEYS[1], 'format', 'hash-key')
return { meta[1], meta[2], number }
`,
)

/**
 * KEYS nodes, meta · ARGV name, number, lease ms, record, format, key of the device hash.
 * Returns held (1, or 0 where another run holds the name), time ms, key of the device hash, when
 * Redis was found without its data (ms; "0": never), then name and value of every node. A value is
 * "number expires-ms seen-ms record". Records whose lease ended an hour ago are dropped.
 */
export const LEASE = defineScript(
  'lease',
  2,
  `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('HSETNX', KEYS[2], 'format', ARGV[5])
-- Whoever renews a lease joined once, and the key was there.
if redis.call('HSETNX', KEYS[2], 'hash-key', ARGV[6]) == 1 then
  redis.call('HSET', KEYS[2], 'emptied-ms', string.format('%.0f', now))
end
local held = 1
local own = redis.call('HGET', KEYS[1], ARGV[1])
if own then
  local number, expires = string.match(own, '^(%d+) (%d+) ')
  if number ~= ARGV[2] and tonumber(expires) > now then held = 0 end
end
if held == 1 then
  local expires = string.format('%.0f', now + tonumber(ARGV[3]))
  redis.call('HSET', KEYS[1], ARGV[1],
    ARGV[2] .. ' ' .. expires .. ' ' .. string.format('%.0f', now) .. ' ' .. ARGV[4])
end
local all = redis.call('HGETALL', KEYS[1])
local meta = redis.call('HMGET', KEYS[2], 'hash-key', 'emptied-ms')
local answer = { held, string.format('%.0f', now), meta[1], meta[2] or '0' }
for at = 1, #all, 2 do
  local expires = tonumber(string.match(all[at + 1], '^%d+ (%d+) ')) or 0
  if expires + 3600000 < now then
    redis.call('HDEL', KEYS[1], all[at])
  else
    answer[#answer + 1] = all[at]
    answer[#answer + 1] = all[at + 1]
  end
end
return answer
`,
)

/** KEYS nodes · ARGV name, number. Gives the name back. */
export const LEAVE = defineScript(
  'leave',
  1,
  `
local own = redis.call('HGET', KEYS[1], ARGV[1])
if own and string.match(own, '^%d+') == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 1
`,
)

/** KEYS meta. Nodes are to check their devices, because Redis may know less than it did. */
export const FILL = defineScript(
  'fill',
  1,
  `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('HSET', KEYS[1], 'emptied-ms', string.format('%.0f', now))
return 1
`,
)
