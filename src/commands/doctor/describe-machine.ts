/**
 * What machine this host is, so that a report that is passed on says what it is about. Only for the
 * host at hand; read while the window passes. systeminformation knows more sources than we do: DMI,
 * device trees, os-release in its variants.
 */
import si from 'systeminformation'

/** null: not said by this system. */
export interface Machine {
  readonly distribution: string | null
  readonly cpu: string | null
  readonly cores: number | null
  readonly memory_bytes: number | null
  /** KVM, VMware …; null on bare metal, and where it does not show. */
  readonly hypervisor: string | null
}

const LIMIT_MS = 3_000

/** null where the system did not answer in time. */
export async function describeMachine(): Promise<Machine | null> {
  const limit = new Promise<null>((resolve) => setTimeout(resolve, LIMIT_MS, null).unref())
  return Promise.race([readMachine(), limit]).catch(() => null)
}

async function readMachine(): Promise<Machine> {
  const [system, os, cpu, memory] = await Promise.all([
    si.system(),
    si.osInfo(),
    si.cpu(),
    si.mem(),
  ])
  return {
    distribution: textOr(`${os.distro} ${os.release}`),
    cpu: textOr(`${cpu.manufacturer} ${cpu.brand}`),
    cores: cpu.cores > 0 ? cpu.cores : null,
    memory_bytes: memory.total > 0 ? memory.total : null,
    hypervisor: system.virtual ? textOr(system.virtualHost ?? '') : null,
  }
}

function textOr(text: string): string | null {
  const plain = text.replace(/\s+/g, ' ').trim()
  return plain === '' || plain === 'unknown' ? null : plain
}

/** "Debian GNU/Linux 12, Intel Xeon Processor, 2 cores, 24 GiB, KVM" */
export function machineText(machine: Machine): string {
  const { distribution, cpu, cores, memory_bytes: bytes, hypervisor } = machine
  const parts = [
    distribution,
    cpu,
    cores === null ? null : `${cores} core${cores === 1 ? '' : 's'}`,
    bytes === null ? null : `${Math.round(bytes / 2 ** 30)} GiB`,
    hypervisor,
  ]
  return parts.filter((part) => part !== null).join(', ')
}
