import { describe, expect, it } from 'vitest'
import { controlGroupRoomBytes } from '../../../src/stats/capacity/control-group-memory.ts'

const roomIn = (files: Readonly<Record<string, string>>) =>
  controlGroupRoomBytes((path) => files[path] ?? '')

describe('room in control groups', () => {
  it('is that of the tightest group on the way to the root', () => {
    expect(
      roomIn({
        'proc/self/cgroup': '0::/system.slice/bench\n',
        'sys/fs/cgroup/system.slice/bench/memory.max': 'max\n',
        'sys/fs/cgroup/system.slice/bench/memory.current': '500\n',
        'sys/fs/cgroup/system.slice/memory.max': '1000\n',
        'sys/fs/cgroup/system.slice/memory.current': '700\n',
        'sys/fs/cgroup/system.slice/memory.stat': 'anon 600\ninactive_file 50\nactive_file 20\n',
      }),
    ).toBe(350)
  })

  it('is read from the mount where a container cannot see its own path', () => {
    expect(
      roomIn({
        'proc/self/cgroup': '0::/../outside\n',
        'sys/fs/cgroup/memory.max': '1000\n',
        'sys/fs/cgroup/memory.current': '400\n',
      }),
    ).toBe(600)
  })

  it('is found in version 1 too, and never below zero', () => {
    const files = {
      'proc/self/cgroup': '9:name=systemd:/\n4:memory:/box\n0::/\n',
      'sys/fs/cgroup/memory/box/memory.limit_in_bytes': '1000\n',
      'sys/fs/cgroup/memory/box/memory.usage_in_bytes': '900\n',
      'sys/fs/cgroup/memory/box/memory.stat': 'inactive_file 1\ntotal_inactive_file 100\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      'sys/fs/cgroup/memory/memory.usage_in_bytes': '5000\n',
    }
    expect(roomIn(files)).toBe(200)
    const full = { ...files, 'sys/fs/cgroup/memory/box/memory.usage_in_bytes': '1200\n' }
    expect(roomIn(full)).toBe(0)
  })

  it('is unknown without a limit', () => {
    expect(roomIn({})).toBeNull()
    expect(roomIn({ 'proc/self/cgroup': '0::/\n' })).toBeNull()
  })
})
