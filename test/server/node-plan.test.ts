import { describe, expect, it } from 'vitest'
import { PushctlError } from '../../src/errors/pushctl-error.ts'
import { type NodePlanInput, planNode } from '../../src/server/node-plan.ts'

const HOST: NodePlanInput = {
  cores: 4,
  descriptorsPerProcess: 20_000,
  engine: 'epoll',
  canReusePort: true,
  shards: undefined,
  shardKind: 'auto',
  connectionsMax: undefined,
}

function refusalOf(input: Partial<NodePlanInput>): string {
  try {
    planNode({ ...HOST, ...input })
  } catch (error) {
    const { code, message, why, tries } = error as PushctlError
    return [code, message, `why ${why}`, ...tries.map((line) => `try ${line}`)].join('\n')
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
})
