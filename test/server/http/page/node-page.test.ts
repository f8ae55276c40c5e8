import { createHash } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { NODE_PAGE_HEADERS, NODE_PAGE_HTML } from '../../../../src/server/http/page/node-page.ts'
import { NODE_PAGE_SCRIPT } from '../../../../src/server/http/page/node-page-script.ts'
import type { NodeState } from '../../../../src/server/http/routes/node-state.ts'
import { BucketHistogram } from '../../../../src/stats/bucket-histogram.ts'
import { MemoryNode } from '../memory-node.ts'

/** As much of an element as the page uses; markup given as text stays text. */
class FakeElement {
  text = ''
  children: FakeElement[] = []
  value = ''
  asked = false
  className = ''
  readonly attributes = new Map<string, string>()
  onSubmit: (event: { preventDefault(): void }) => void = () => {}
  readonly classList = {
    toggle: (_name: string, isOn: boolean) => {
      this.asked = isOn
    },
  }
  set textContent(text: unknown) {
    this.text = String(text)
    this.children = []
  }
  setAttribute(name: string, value: unknown): void {
    this.attributes.set(name, String(value))
  }
  prepend(child: FakeElement): void {
    this.children.unshift(child)
  }
  append(...children: FakeElement[]): void {
    this.children.push(...children)
  }
  replaceChildren(...children: FakeElement[]): void {
    this.children = children
  }
  addEventListener(_name: string, listener: typeof this.onSubmit): void {
    this.onSubmit = listener
  }
  all(): string {
    return [this.text, ...this.children.map((child) => child.all())].filter(Boolean).join(' ')
  }
}

interface Request {
  readonly url: string
  readonly headers: Record<string, string>
}

/** Opens the page in front of a node; poll() is what its timer would do. */
function openPage(answer: (request: Request) => { status: number; body: unknown }) {
  const elements = new Map<string, FakeElement>()
  const storage = new Map<string, string>()
  const requests: Request[] = []
  const polls: (() => Promise<void>)[] = []
  let nowMs = 0
  const elementOf = (id: string): FakeElement => {
    if (!NODE_PAGE_HTML.includes(`id="${id}"`)) throw new Error(`no element ${id}`)
    const element = elements.get(id) ?? new FakeElement()
    elements.set(id, element)
    return element
  }
  runInNewContext(NODE_PAGE_SCRIPT, {
    document: {
      title: '',
      getElementById: elementOf,
      createElement: () => new FakeElement(),
      createElementNS: () => new FakeElement(),
    },
    sessionStorage: {
      getItem: (key: string) => storage.get(key) ?? null,
      setItem: (key: string, value: string) => void storage.set(key, value),
    },
    performance: { now: () => (nowMs += 2_000) },
    setTimeout: (poll: () => Promise<void>) => polls.push(poll),
    clearTimeout: () => {},
    fetch: async (url: string, { headers }: Request) => {
      requests.push({ url, headers })
      const { status, body } = answer({ url, headers })
      return { status, ok: status === 200, json: async () => body }
    },
  })
  return {
    requests,
    text: (id: string) => elements.get(id)?.all() ?? '',
    element: elementOf,
    poll: () => polls.at(-1)?.(),
  }
}

/** GET /v1/node of a node that has answered some requests. */
async function stateOf(node: MemoryNode): Promise<NodeState> {
  const latency = new BucketHistogram()
  latency.recordUs(2_000)
  const route = { method: 'POST', route: '/v1/push', statuses: { 202: 1 } }
  return {
    ...(await node.describe()),
    ready: true,
    notReadyBecause: '',
    api: { inFlight: 0, streams: 0, routes: [{ ...route, latency: latency.report() }] },
    errors: { api: 0, network: 4 },
  }
}

describe('the node page', () => {
  it('allows by digest exactly the script and the style that it has', () => {
    const policy = NODE_PAGE_HEADERS['content-security-policy']
    for (const tag of ['script', 'style']) {
      const [, text] = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(NODE_PAGE_HTML) ?? []
      const digest = createHash('sha256').update(String(text)).digest('base64')
      expect(policy).toContain(`${tag}-src 'sha256-${digest}'`)
    }
    expect(NODE_PAGE_HTML.match(/<script/g)).toHaveLength(1)
    expect(NODE_PAGE_HTML).not.toMatch(/ on\w+=| style=/)
  })

  it('shows state, connections and rates, and names as text', async () => {
    const node = new MemoryNode()
    let pushes = 0
    const described = await stateOf(node)
    const page = openPage(() => {
      const counters = { ...described.counters, pushesAccepted: (pushes += 100) }
      return { status: 200, body: { ...described, name: '<b>', counters } }
    })
    await expect.poll(() => page.text('title')).toBe('<b>')
    await page.poll()
    expect(page.text('state')).toBe('ready, pushctl 0.1.0, up 1 min')
    expect(page.text('figures')).toContain('connections open 0 of 1,000')
    expect(page.text('figures')).toContain('pushes accepted 50/s')
    expect(page.text('byes')).toContain('replaced 0 2')
    expect(page.text('pauses')).toContain('minor 4 0.40 ms 0.90 ms 0.90 ms')
    expect(page.text('errors')).toBe('source so far network 4')
    expect(page.text('latency')).toContain('2.5ms')
    expect(page.text('shards')).toContain('0 up thread node')
  })

  it('says how far the node is degraded, and why it takes no new devices', async () => {
    const described = await stateOf(new MemoryNode())
    const calm = { ...described.load, level: 0, reason: '' }
    let state: NodeState = { ...described, load: calm }
    const page = openPage(() => ({ status: 200, body: state }))
    await expect.poll(() => page.text('level')).toBe('all is served')
    expect(page.element('level').className).toBe('good')
    state = { ...described, load: { ...described.load, level: 1, reason: 'loop lag' } }
    await page.poll()
    expect(page.text('level')).toBe('degraded, level 1: loop lag')
    expect(page.element('level').className).toBe('warn')
    state = { ...described, ready: false, notReadyBecause: 'draining' }
    await page.poll()
    expect(page.text('level')).toBe('takes no new devices: draining')
    expect(page.element('level').className).toBe('bad')
  })

  it('has no rates over a restart of the node', async () => {
    const described = await stateOf(new MemoryNode())
    let state: NodeState = { ...described, counters: { ...described.counters, messagesSent: 900 } }
    const page = openPage(() => ({ status: 200, body: state }))
    await expect.poll(() => page.text('title')).toBe('node "a"')
    state = { ...described, startedAtMs: described.startedAtMs + 1 }
    await page.poll()
    expect(page.text('figures')).toContain('messages sent …')
  })

  it('asks for the admin token where one is set, and sends it to this node only', async () => {
    const body = await stateOf(new MemoryNode())
    const page = openPage(({ headers }) =>
      headers['authorization'] === 'Bearer right'
        ? { status: 200, body }
        : { status: 401, body: { detail: 'send the admin token' } },
    )
    await expect.poll(() => page.text('notice')).toBe('send the admin token')
    expect(page.element('login').asked).toBe(true)
    page.element('token').value = 'right'
    page.element('login').onSubmit({ preventDefault: () => {} })
    await expect.poll(() => page.text('notice')).toBe('')
    expect(page.element('login').asked).toBe(false)
    expect(page.requests.map((request) => request.url)).toEqual(['/v1/node', '/v1/node'])
  })
})
