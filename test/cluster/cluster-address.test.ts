import { describe, expect, it } from 'vitest'
import { addressName, parseClusterAddress } from '../../src/cluster/cluster-address.ts'

describe('the address of a cluster', () => {
  it('is a single server, with the port of Redis where none is given', () => {
    expect(parseClusterAddress('redis://10.0.0.1')).toEqual({
      kind: 'single',
      hosts: [{ host: '10.0.0.1', port: 6379 }],
      master: '',
      db: 0,
      tls: null,
      username: '',
      password: '',
    })
    expect(parseClusterAddress('rediss://[::1]:7000/2')).toMatchObject({
      ...{ hosts: [{ host: '::1', port: 7000 }], db: 2, tls: {} },
    })
  })

  it('is servers behind Sentinel, with the name of the master', () => {
    expect(parseClusterAddress('redis+sentinel://h1,h2:5/mymaster/3')).toMatchObject({
      kind: 'sentinel',
      hosts: [
        { host: 'h1', port: 26_379 },
        { host: 'h2', port: 5 },
      ],
      master: 'mymaster',
      db: 3,
    })
  })

  it('is a Redis Cluster of any of its servers', () => {
    const address = parseClusterAddress('rediss+cluster://h1:1,h2:2')
    expect(address).toMatchObject({ kind: 'cluster', tls: {}, db: 0 })
    expect(address.hosts).toHaveLength(2)
  })

  it('takes user and password from the URL, decoded, or a password from elsewhere', () => {
    expect(parseClusterAddress('redis://push:a%40b:c@h')).toMatchObject({
      ...{ username: 'push', password: 'a@b:c' },
    })
    expect(parseClusterAddress('redis://push@h', { password: 'file', tls: {} })).toMatchObject({
      ...{ username: 'push', password: 'file' },
    })
    expect(parseClusterAddress('redis://:own@h', { password: 'file', tls: {} }).password).toBe(
      'own',
    )
  })

  it('takes files of TLS only where there is TLS', () => {
    const credentials = { password: '', tls: { ca: 'PEM' } }
    expect(parseClusterAddress('rediss://h', credentials).tls).toEqual({ ca: 'PEM' })
    expect(() => parseClusterAddress('redis+cluster://h', credentials)).toThrow(
      /expected rediss\+cluster:\/\//,
    )
  })

  it('is printed without user and password', () => {
    const printed = (url: string) => addressName(parseClusterAddress(url))
    expect(printed('redis://u:secret@h')).toBe('redis://h:6379')
    expect(printed('rediss+sentinel://u:secret@h/m')).toBe('rediss+sentinel://h:26379/m')
    expect(printed('redis://[::1]')).toBe('redis://[::1]:6379')
  })

  it('that is wrong is refused without repeating it, because it may hold a password', () => {
    const wrong = [
      'http://u:secret@h',
      'redis://u:secret@h1,h2',
      'redis+sentinel://u:secret@h',
      'redis://u:secret@h/x',
      'redis://u:secret@h:99999',
      'redis://u:%ffsecret@h',
      'redis://',
    ]
    for (const url of wrong) {
      expect(() => parseClusterAddress(url)).toThrow(/^(?!.*secret).*--cluster/)
    }
  })
})
