import { describe, expect, it } from 'vitest'
import { OwnView } from '../../../src/server/http/own-view.ts'
import { MemoryNode } from './memory-node.ts'

class WildcardNode extends MemoryNode {
  descriptions = 0

  override async describe() {
    this.descriptions++
    const described = await super.describe()
    const listeners = { tcp: ['0.0.0.0:7000'], ws: ['[::]:7001'], http: '0.0.0.0:7002' }
    return { ...described, listeners }
  }
}

describe('the view of a node without a cluster', () => {
  it('names the host by which it was found, where it listens on every address', async () => {
    const view = new OwnView(new WildcardNode())
    const { addresses, http } = await view.record('push.example:7002')
    expect({ addresses, http }).toEqual({
      addresses: { tcp: ['push.example:7000'], ws: ['ws://push.example:7001'] },
      http: 'http://push.example:7002',
    })
    expect((await view.record('[2001:db8::1]:7002')).addresses.tcp).toEqual(['[2001:db8::1]:7000'])
    expect((await view.record('')).addresses.tcp).toEqual(['localhost:7000'])
  })

  it('says wss:// where a listener has TLS, and what is advertised instead of all that', async () => {
    const none = { tcp: [], ws: [], http: '' }
    const secure = new OwnView(new WildcardNode(), { advertised: none, wss: ['[::]:7001'] })
    expect((await secure.record('a')).addresses.ws).toEqual(['wss://a:7001'])
    const advertised = { tcp: ['edge:1'], ws: ['wss://edge'], http: 'https://edge' }
    const { addresses, http } = await new OwnView(new WildcardNode(), {
      advertised,
      wss: [],
    }).record('a')
    expect({ ...addresses, http }).toEqual(advertised)
  })

  it('asks the shards once for many requests', async () => {
    const node = new WildcardNode()
    const view = new OwnView(node)
    await Promise.all([view.record('a'), view.load(), view.record('b')])
    expect(node.descriptions).toBe(1)
  })

  it('asks again after a failure', async () => {
    const node = new WildcardNode()
    const view = new OwnView(node)
    const { describe: works } = node
    node.describe = () => Promise.reject(new Error('no shard answers'))
    await expect(view.load()).rejects.toThrow('no shard answers')
    node.describe = works
    expect(await view.load()).toBe(0)
  })
})
