import { describe, expect, it } from 'vitest'
import { ConfigFaults, type PushctlError } from '../../src/errors/pushctl-error.ts'
import { type NodePlanInput, planNode } from '../../src/server/node-plan.ts'
import type { HostCapacity } from '../../src/stats/capacity/host-capacity.ts'

const CAPACITY: HostCapacity = {
  memoryAvailableBytes: 1e12,
  memorySource: 'MemAvailable',
  filesMax: 10_000_000,
  filesOpen: 5_000,
  isPrivileged: false,
  epollWatchesMax: 10_000_000,
  tasks: 200,
  tasksMax: 32_768,
  tasksPerUser: null,
  acceptQueueMax: 4_096,
  socketMemory: { acceptedBytes: 4_128, dialledBytes: 4_384, basis: 'slabinfo' },
}
const HOST: NodePlanInput = {
  cores: 4,
  descriptorsPerProcess: 20_000,
  engine: 'epoll',
  canReusePort: true,
  shards: undefined,
  shardKind: 'auto',
  connectionsMax: undefined,
  capacity: CAPACITY,
}

function refusalOf(input: Partial<NodePlanInput>): string {
  try {
    planNode({ ...HOST, ...input })
  } catch (error) {
    const faults = error instanceof ConfigFaults ? error.faults : [error as PushctlError]
    return faults
      .flatMap(({ code, message, why, tries }) => [
        code,
        message,
        `why ${why}`,
        ...tries.map((line) => `try ${line}`),
      ])
      .join('\n')
  }
  throw new Error('the plan was accepted')
}

describe('the plan of a node', () => {
  it('is a thread for each core and all descriptors but a reserve, where nothing is asked', () => {
    expect(planNode(HOST)).toEqual({
      shardCount: 4,
      shardKind: 'thread',
      connectionsMax: 19_744,
      rowsPerShard: 19_872,
      notes: [],
    })
  })

  it('gives small tables to a node for few devices', () => {
    const plan = planNode({ ...HOST, connectionsMax: 5, shards: 2 })
    expect(plan).toMatchObject({ connectionsMax: 5, rowsPerShard: 133, shardCount: 2 })
  })

  it('takes processes where one has too few descriptors, and enough of them', () => {
    const plan = planNode({ ...HOST, connectionsMax: 100_000 })
    expect(plan).toMatchObject({ shardKind: 'process', shardCount: 6, rowsPerShard: 19_872 })
  })

  it('takes processes when asked, with the descriptors of all', () => {
    const plan = planNode({ ...HOST, shardKind: 'process', shards: 2 })
    expect(plan).toMatchObject({ shardCount: 2, connectionsMax: 39_488 })
  })

  it('holds no more than four million devices without a limit', () => {
    const plan = planNode({ ...HOST, descriptorsPerProcess: Number.POSITIVE_INFINITY })
    expect(plan).toMatchObject({ shardKind: 'thread', connectionsMax: 4_000_000 })
    expect(plan.rowsPerShard).toBe(4_000_128)
  })

  it('is one shard where the engine can not share a port, and says so', () => {
    const plan = planNode({ ...HOST, engine: 'node', canReusePort: false })
    expect(plan.shardCount).toBe(1)
    expect(plan.notes).toMatchInlineSnapshot(`
      [
        "one shard only: the node engine on this Node can not share a port (Node 22.12 can)",
      ]
    `)
    expect(planNode({ ...HOST, canReusePort: false, shards: 1 }).notes).toEqual([])
  })

  it('refuses more devices than threads can have descriptors', () => {
    const refusal = refusalOf({ shardKind: 'thread', connectionsMax: 100_000 })
    expect(refusal).toMatchInlineSnapshot(`
      "PUSHCTL_DESCRIPTORS
      --max-connections must be at most 19744 with --shard-kind thread, got 100000
      why threads share the descriptor limit of their process (RLIMIT_NOFILE)
      try --shard-kind auto
      try ulimit -Hn 100256   (as root)"
    `)
  })

  it('refuses more devices than the asked processes can hold', () => {
    const refusal = refusalOf({ shards: 2, connectionsMax: 100_000 })
    expect(refusal).toMatchInlineSnapshot(`
      "PUSHCTL_DESCRIPTORS
      --max-connections 100000 does not fit 2 shards of 19744 descriptors
      why the descriptor limit of a process (RLIMIT_NOFILE) can not be passed
      try --shard-kind process --shards 6"
    `)
  })

  it('refuses more devices than one shard can hold where no port can be shared', () => {
    const refusal = refusalOf({ canReusePort: false, engine: 'node', connectionsMax: 100_000 })
    expect(refusal).toMatchInlineSnapshot(`
      "PUSHCTL_DESCRIPTORS
      --max-connections 100000 does not fit 1 shard of 19744 descriptors
      why the descriptor limit of a process (RLIMIT_NOFILE) can not be passed
      try --engine epoll
      try Node 22.12 or newer"
    `)
  })

  it('takes what the host has room for where nobody asked for a number', () => {
    const capacity = { ...CAPACITY, memoryAvailableBytes: 2e9 }
    const plan = planNode({ ...HOST, descriptorsPerProcess: Number.POSITIVE_INFINITY, capacity })
    expect(plan.connectionsMax).toBeGreaterThan(100_000)
    expect(plan.connectionsMax).toBeLessThan(2e9 / 4_128)
    expect(plan.rowsPerShard).toBe(plan.connectionsMax + 128)
    expect(plan.notes[0]).toMatch(/^room for [\d,]+ devices: memory \(MemAvailable\)$/)
  })

  it('refuses a million devices for want of files or epoll watches', () => {
    const [files, watches] = [{ filesMax: 200_000 }, { epollWatchesMax: 500_000 }].map((change) =>
      refusalOf({ connectionsMax: 1_000_000, capacity: { ...CAPACITY, ...change } }),
    )
    expect(files).toMatchInlineSnapshot(`
      "PUSHCTL_DESCRIPTORS
      --max-connections 1000000 needs 1,001,792 open files, got 195,000 (fs.file-max, less those open)
      why fs.file-max counts the files and sockets of all processes of the host
      try sysctl -w fs.file-max=1510188   (as root)
      try --max-connections 193208"
    `)
    expect(watches).toMatchInlineSnapshot(`
      "PUSHCTL_DESCRIPTORS
      --max-connections 1000000 needs 1,050,000 epoll watches, got 500,000 (fs.epoll.max_user_watches)
      why the kernel counts the watched sockets of a user, root included
      try sysctl -w fs.epoll.max_user_watches=2100000   (as root)
      try --max-connections 476190"
    `)
  })

  it('refuses a million devices for want of memory, with a number that fits', () => {
    const capacity = { ...CAPACITY, memoryAvailableBytes: 1e9 }
    const input = { connectionsMax: 1_000_000, capacity, descriptorsPerProcess: 2_000_000 }
    const refusal = refusalOf(input)
    expect(refusal).toMatch(/^PUSHCTL_MEMORY\n--max-connections 1000000 needs/)
    const fits = Number(/^try --max-connections (\d+)$/m.exec(refusal)?.[1])
    expect(planNode({ ...HOST, ...input, connectionsMax: fits }).connectionsMax).toBe(fits)
  })

  it('says all that is missing at once', () => {
    const capacity = { ...CAPACITY, filesMax: 200_000, epollWatchesMax: 500_000 }
    expect(refusalOf({ connectionsMax: 1_000_000, capacity })).toMatchInlineSnapshot(`
      "PUSHCTL_DESCRIPTORS
      --max-connections 1000000 needs 1,001,792 open files, got 195,000 (fs.file-max, less those open)
      why fs.file-max counts the files and sockets of all processes of the host
      try sysctl -w fs.file-max=1510188   (as root)
      try --max-connections 193208
      PUSHCTL_DESCRIPTORS
      --max-connections 1000000 needs 1,050,000 epoll watches, got 500,000 (fs.epoll.max_user_watches)
      why the kernel counts the watched sockets of a user, root included
      try sysctl -w fs.epoll.max_user_watches=2100000   (as root)
      try --max-connections 476190"
    `)
  })
})
