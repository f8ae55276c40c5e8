/** The settings of `pushctl bench` for a run that is driven from several hosts. */
import { defineOptions } from '../../../config/option-table.ts'

export const REMOTE_OPTIONS = defineOptions({
  hosts: {
    flag: 'on',
    kind: 'string',
    placeholder: 'user@host',
    repeatable: true,
    separator: ',',
    env: false,
    help: 'drive from these hosts, which have pushctl, and merge what they found into one report',
  },
  remoteShell: {
    flag: 'remote-shell',
    kind: 'string',
    placeholder: "'ssh {host}'",
    example: "'kubectl exec -i {host} --'",
    help: 'how a command is run on a host of --on. Default: ssh {host}, with its configuration',
  },
  remotePushctl: {
    flag: 'remote-pushctl',
    kind: 'string',
    placeholder: 'COMMAND',
    default: 'pushctl',
    help: 'what starts pushctl on the hosts of --on, such as /opt/pushctl/bin/pushctl.js',
  },
})
