/** How a node without a cluster names itself to devices that ask where to connect. */
import type { OptionsOf } from '../config/option-table.ts'
import { addressText } from '../server/address-text.ts'
import type { OwnPlaces } from '../server/http/own-view.ts'
import type { ShardListener } from '../server/shard-messages.ts'
import type { CLUSTER_OPTIONS } from './serve-cluster-options.ts'

export function placesOf(
  options: Pick<
    OptionsOf<typeof CLUSTER_OPTIONS>,
    'advertiseTcp' | 'advertiseWs' | 'advertiseHttp'
  >,
  listeners: readonly ShardListener[],
): OwnPlaces {
  const { advertiseTcp: tcp, advertiseWs: ws, advertiseHttp: http = '' } = options
  const secure = listeners.filter(({ carrier, tls }) => carrier === 'ws' && tls)
  const wss = secure.map(({ host, port }) => addressText(host, port))
  return { advertised: { tcp, ws, http }, wss }
}
