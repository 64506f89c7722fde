// A real nginx before several nodes, with the configuration of deploy/nginx.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { atEnd } from './ending.mjs'
import { freePort } from './port.mjs'
import { until } from './wait.mjs'

const deploy = fileURLToPath(new URL('../../../deploy/nginx', import.meta.url))
const program = () => ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx'].find(existsSync)

/** Why there is no nginx here, or null. */
export const nginxMissing = () => program() ? null : 'no nginx on this machine (apt install nginx-light)'

/** The maps and upstreams that are shipped, with `nodes` in the place of the example's. */
function shipped (nodes) {
  const text = readFileSync(path.join(deploy, 'unisson.conf'), 'utf8')
  return text.slice(0, text.search(/^server \{/m)).replace(/(?:^ +server 127\.0\.0\.1:\d+.*\n)+/gm, lines => {
    const options = /:\d+(.*)\n/.exec(lines)[1]
    return nodes.map(node => `    server 127.0.0.1:${node.port}${options}\n`).join('')
  })
}

const configuration = (folder, port, nodes) => `
${process.getuid() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
${shipped(nodes)}
  server {
    listen 127.0.0.1:${port};
    include ${path.join(deploy, 'unisson-locations.conf')};
  }
}
`

export class Nginx {
  static async before (nodes) {
    const nginx = new Nginx()
    nginx.folder = mkdtempSync(path.join(tmpdir(), 'unisson-nginx-'))
    nginx.port = await freePort()
    const file = path.join(nginx.folder, 'nginx.conf')
    writeFileSync(file, configuration(nginx.folder, nginx.port, nodes))
    execFileSync(program(), ['-t', '-q', '-p', nginx.folder, '-c', file], { stdio: 'pipe' })
    nginx.child = spawn(program(), ['-p', nginx.folder, '-c', file], { stdio: 'ignore' })
    nginx.child.unref()
    nginx.over = new Promise(resolve => nginx.child.on('exit', resolve))
    nginx.ended = atEnd(() => {
      nginx.child.kill('SIGTERM')
      rmSync(nginx.folder, { recursive: true, force: true })
    })
    await until('nginx answers', async () => (await fetch(`${nginx.http}/healthz`)).ok)
    return nginx
  }

  get http () { return `http://127.0.0.1:${this.port}` }

  async end () {
    this.child.ref()
    this.child.kill('SIGTERM')
    await this.over
    this.ended()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
