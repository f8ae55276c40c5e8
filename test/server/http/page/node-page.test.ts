import { createHash } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { NODE_PAGE_HEADERS, NODE_PAGE_HTML } from '../../../../src/server/http/page/node-page.ts'
import { NODE_PAGE_SCRIPT } from '../../../../src/server/http/page/node-page-script.ts'
import { MemoryNode } from '../memory-node.ts'

/** As much of an element as the page uses; markup given as text stays text. */
class FakeElement {
  text = ''
  children: FakeElement[] = []
  value = ''
  asked = false
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
    const described = await node.describe()
    const page = openPage(() => {
      const counters = { ...described.counters, pushesAccepted: (pushes += 100) }
      return { status: 200, body: { ...described, name: '<b>', counters } }
    })
    await expect.poll(() => page.text('title')).toBe('<b>')
    await page.poll()
    expect(page.text('state')).toMatch(/^ready, pushctl 0\.1\.0, up \d+ s$/)
    expect(page.text('figures')).toContain('connections open 0 of 1,000')
    expect(page.text('figures')).toContain('pushes accepted 50/s')
    expect(page.text('closes')).toContain('replaced 2')
  })

  it('asks for the admin token where one is set, and sends it to this node only', async () => {
    const body = await new MemoryNode().describe()
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
