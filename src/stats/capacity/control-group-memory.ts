/**
 * Memory that the control groups of this process leave: a container is ended at its limit, however
 * much the host has. Pages of files that nobody used lately count as free, because the kernel drops
 * them first (Documentation/admin-guide/cgroup-v2.rst, memory.stat inactive_file).
 */
type ReadText = (path: string) => string

interface GroupFiles {
  readonly limit: string
  readonly used: string
  readonly inactive: RegExp
}

const V2: GroupFiles = {
  limit: 'memory.max',
  used: 'memory.current',
  inactive: /^inactive_file (\d+)/m,
}
const V1: GroupFiles = {
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
  inactive: /^total_inactive_file (\d+)/m,
}
/** Version 1 writes "no limit" as a number of this order. */
const UNLIMITED_BYTES = 2 ** 60

/** Bytes left in the tightest group from ours to the root; null where no group has a limit. */
export function controlGroupRoomBytes(read: ReadText): number | null {
  const rooms: number[] = []
  for (const line of read('proc/self/cgroup').split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line)
    if (!match) continue
    const [, controllers, path] = match
    if (controllers === '') rooms.push(...roomsUpwards(read, 'sys/fs/cgroup', path, V2))
    if (controllers.split(',').includes('memory')) {
      rooms.push(...roomsUpwards(read, 'sys/fs/cgroup/memory', path, V1))
    }
  }
  return rooms.length === 0 ? null : Math.max(0, Math.min(...rooms))
}

/** A group inside a container may not see its own path: the mount's root stands for it. */
function roomsUpwards(read: ReadText, mount: string, path: string, files: GroupFiles): number[] {
  const rooms: number[] = []
  const names = path.split('/').filter((name) => name !== '')
  for (let depth = names.length; depth >= 0; depth--) {
    const room = roomOf(read, [mount, ...names.slice(0, depth)].join('/'), files)
    if (room !== null) rooms.push(room)
  }
  return rooms
}

function roomOf(read: ReadText, folder: string, files: GroupFiles): number | null {
  const limit = wholeNumber(read(`${folder}/${files.limit}`))
  const used = wholeNumber(read(`${folder}/${files.used}`))
  if (limit === null || used === null || limit >= UNLIMITED_BYTES) return null
  const inactive = files.inactive.exec(read(`${folder}/memory.stat`))
  return limit - used + (inactive ? Number(inactive[1]) : 0)
}

function wholeNumber(text: string): number | null {
  return /^\d+\s*$/.test(text) ? Number(text) : null
}
