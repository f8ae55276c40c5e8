/**
 * `--also KEY=VALUE` and the `also` list of a kernel profile: settings of policy that no finding
 * asks for.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import { type SysctlSetting, setSysctl } from '../setting.ts'

export function parseAlso(text: string): SysctlSetting {
  const match = /^([a-z][\w.-]*)\s*=\s*([\w ,.-]+)$/.exec(text.trim())
  if (match === null || !/^(net|fs|vm|kernel)\./.test(match[1] ?? '')) {
    throw new PushctlError(
      'PUSHCTL_CONFIG',
      `--also must be KEY=VALUE with a key of net, fs, vm or kernel, got "${text.slice(0, 60)}"`,
      { tries: ['--also net.ipv4.tcp_notsent_lowat=131072'] },
    )
  }
  return setSysctl(match[1] ?? '', match[2] ?? '', 'asked for by the profile or by --also')
}
