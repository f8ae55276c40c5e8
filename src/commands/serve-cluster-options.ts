/** The settings of `pushctl serve` about the cluster that a node belongs to, one row each. */
import { defineOptions } from '../config/option-table.ts'

/** Of whoever talks to the Redis of a cluster: nodes, and the verbs that look at them. */
export const CLUSTER_LINK_OPTIONS = defineOptions({
  cluster: {
    flag: 'cluster',
    kind: 'string',
    placeholder: 'URL',
    // It may hold a password.
    secret: true,
    help:
      'Redis of the cluster: redis://, redis+sentinel://h1,h2/master or redis+cluster://h1,h2; ' +
      'rediss with TLS',
  },
  clusterPrefix: {
    flag: 'cluster-prefix',
    kind: 'string',
    default: 'pushctl',
    help: 'what its keys begin with; another one is another cluster',
  },
  clusterPasswordFile: {
    flag: 'cluster-password-file',
    kind: 'file',
    help: 'password of Redis; also from PUSHCTL_CLUSTER_PASSWORD',
  },
  clusterCaFile: {
    flag: 'cluster-ca-file',
    kind: 'file',
    help: 'PEM of whom to trust for the certificate of Redis (rediss). Default: those of Node',
  },
  clusterCertFile: {
    flag: 'cluster-cert-file',
    kind: 'file',
    help: 'certificate (PEM) that Redis demands of its clients; with --cluster-key-file',
  },
  clusterKeyFile: {
    flag: 'cluster-key-file',
    kind: 'file',
    help: 'private key (PEM) of --cluster-cert-file',
  },
})

export const CLUSTER_OPTIONS = defineOptions({
  ...CLUSTER_LINK_OPTIONS,
  clusterLeaseMs: {
    flag: 'cluster-lease',
    kind: 'duration',
    default: 10_000,
    min: 1_000,
    max: 120_000,
    help: 'a node that is silent for so long is out; it is told four times as often',
  },
  site: {
    flag: 'site',
    kind: 'string',
    default: '',
    help: 'where this node stands; devices are sent to nodes of one site first',
  },
  advertiseTcp: {
    flag: 'advertise-tcp',
    kind: 'string',
    placeholder: 'host:port',
    repeatable: true,
    help: 'where devices reach this node over TCP. Default: where it listens',
  },
  advertiseWs: {
    flag: 'advertise-ws',
    kind: 'string',
    placeholder: 'url',
    repeatable: true,
    help: 'where devices reach this node over WebSocket. Default: where it listens',
  },
  advertiseHttp: {
    flag: 'advertise-http',
    kind: 'string',
    placeholder: 'url',
    help: 'where operators and nodes reach the HTTP API. Default: where it listens',
  },
})
