import { describe, expect, it } from 'vitest'
import { parseIpRoute } from '../../../src/doctor/parsers/ip-route.ts'

describe('ip route show', () => {
  it('names the default route and its device', () => {
    const [route] = parseIpRoute('default via 192.0.2.1 dev eth0 proto dhcp metric 100\n')
    expect(route).toMatchObject({ destination: 'default', device: 'eth0', rtoMinMs: null })
  })

  it('reads rto_min in the form iproute2 prints it, with "lock", in ms and s', () => {
    const text = [
      '10.0.0.0/8 dev lo scope link rto_min lock 400ms ',
      '10.1.0.0/16 dev lo scope link rto_min lock 3s ',
      '10.2.0.0/16 dev lo scope link rto_min 5ms ',
    ].join('\n')
    expect(parseIpRoute(text).map(({ rtoMinMs }) => rtoMinMs)).toEqual([400, 3_000, 5])
  })

  it('does not take a word for a number', () => {
    expect(parseIpRoute('default dev eth0 rto_min lock soon')[0]?.rtoMinMs).toBe(null)
    expect(parseIpRoute('default dev eth0 rto_min')[0]?.rtoMinMs).toBe(null)
  })
})
