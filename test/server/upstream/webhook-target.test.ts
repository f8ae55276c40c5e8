import { expect, it } from 'vitest'
import type { PushctlError } from '../../../src/errors/pushctl-error.ts'
import { parseWebhookTarget } from '../../../src/server/upstream/webhook-target.ts'

const read = (text: string) => {
  const { url, product, name } = parseWebhookTarget(text)
  return [product, url.href, name]
}

it('reads an address for every product, and one for a product', () => {
  expect(read('http://a.example/hook?key=s')).toEqual([
    null,
    'http://a.example/hook?key=s',
    'http://a.example/hook',
  ])
  expect(read('chat=https://a.example:8443/x=y')).toEqual([
    'chat',
    'https://a.example:8443/x=y',
    'chat=https://a.example:8443/x=y',
  ])
  expect(read('a=b=http://a.example/')[0]).toBe('a=b')
})

it('refuses what is no address, without repeating what may be secret', () => {
  const messageOf = (text: string) => {
    try {
      parseWebhookTarget(text)
    } catch (error) {
      expect((error as PushctlError).code).toBe('PUSHCTL_CONFIG')
      return (error as PushctlError).message
    }
    throw new Error('not refused')
  }
  expect(messageOf('ftp://a.example/?token=geheim')).not.toContain('geheim')
  expect(messageOf('http://user:geheim@a.example/')).not.toContain('geheim')
  expect(messageOf('http://')).toContain('got "http://"')
  expect(messageOf('=http://a.example/')).toContain('1-128 bytes')
  expect(messageOf('chat')).toContain('product=http(s)://')
})
