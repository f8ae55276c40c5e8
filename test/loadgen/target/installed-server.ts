/**
 * Servers of others that are installed on this machine, each started by a test on a free port of
 * loopback; where one is not installed, its tests are skipped with that reason.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MOSQUITTO = '/usr/sbin/mosquitto'
const NGINX = '/usr/sbin/nginx'
const NCHAN = '/usr/lib/nginx/modules/ngx_nchan_module.so'

/** null: it is there; else why not. */
export const mosquittoMissing = existsSync(MOSQUITTO) ? null : 'mosquitto is not installed'
export const nchanMissing =
  existsSync(NGINX) && existsSync(NCHAN) ? null : 'nginx with nchan is not installed'

export interface InstalledServer {
  readonly port: number
  stop(): Promise<void>
}

export async function startMosquitto(settings = ''): Promise<InstalledServer> {
  return startServer((folder, port) => {
    const file = join(folder, 'mosquitto.conf')
    writeFileSync(
      file,
      `listener ${port} 127.0.0.1\nallow_anonymous true\nuser root\n${settings}\n`,
    )
    return spawn(MOSQUITTO, ['-c', file], { stdio: 'ignore' })
  })
}

/** `locations` is what stands in the server block. */
export async function startNchan(locations: string): Promise<InstalledServer> {
  return startServer((folder, port) => {
    const file = join(folder, 'nginx.conf')
    writeFileSync(
      file,
      `load_module ${NCHAN};
daemon off; master_process off; worker_processes 1;
pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port}; keepalive_requests 100000; ${locations} }
}
`,
    )
    return spawn(NGINX, ['-c', file, '-p', folder], { stdio: 'ignore' })
  })
}

async function startServer(
  start: (folder: string, port: number) => ChildProcess,
): Promise<InstalledServer> {
  const folder = mkdtempSync(join(tmpdir(), 'pushctl-target-'))
  const port = await freePort()
  const child = start(folder, port)
  const ended = once(child, 'exit')
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`)
  }
  return {
    port,
    async stop() {
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // A look every 20 ms, for a server that is about to listen.
    socket.on('error', () => setTimeout(() => resolve(false), 20))
  })
}
