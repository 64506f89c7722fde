// A real server process: started, killed, drained and started again on the same port and data.
// UNISSON_BIN names the binary; UNISSON_TARGET=reference runs the usual servers instead (kit/reference.mjs),
// against which the honest flows can be tried.

import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { atEnd } from './ending.mjs'
import { ann as somebody } from './people.mjs'
import { freePort } from './port.mjs'
import { until } from './wait.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const run = promisify(execFile)

export const reference = process.env.UNISSON_TARGET === 'reference'
export const binary = process.env.UNISSON_BIN ?? path.resolve(here, '../../../target/debug/unisson')

// What is set for the tests is not meant for the server.
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('UNISSON_')))

/** For `{ skip }`: these promises are made by this server, the usual ones don't make them. */
export const oursOnly = reference ? 'the usual servers make no such promise' : false

export class Server {
  /**
   * `database`: a URL, or a SQLite file of its own when left out. `mode`: '--open' or '--demo'.
   * `config`: the text of a configuration file.
   */
  static async start ({ database, mode = '--open', config, env = {} } = {}) {
    const server = new this()
    server.folder = mkdtempSync(path.join(tmpdir(), 'unisson-clients-'))
    server.database = database ?? `sqlite:${path.join(server.folder, 'unisson.db')}`
    server.port = await freePort()
    server.metricsPort = await freePort()
    server.mode = mode
    server.env = env
    server.args = []
    if (config) {
      const file = path.join(server.folder, 'unisson.toml')
      writeFileSync(file, config)
      server.args.push('--config', file)
    }
    server.log = ''
    server.ended = atEnd(() => {
      server.child?.kill('SIGKILL')
      rmSync(server.folder, { recursive: true, force: true })
    })
    await server.up()
    return server
  }

  get http () { return `http://127.0.0.1:${this.port}` }
  get collab () { return `ws://127.0.0.1:${this.port}/collab` }
  get yjs () { return `ws://127.0.0.1:${this.port}/yjs` }
  get pid () { return this.child?.pid }
  get sqliteFile () { return this.database.replace(/^sqlite:/, '') }

  async up () {
    const [program, args] = reference
      ? [process.execPath, [path.join(here, 'reference.mjs'), String(this.port), path.join(this.folder, 'reference')]]
      : [binary, ['serve', '--listen', `127.0.0.1:${this.port}`, '--database', this.database, this.mode, ...this.args]]
    if (!existsSync(program)) throw new Error(`no server to test: ${program} is missing (build it, or set UNISSON_BIN)`)
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.folder,
      env: { ...environment, UNISSON_METRICS_LISTEN: `127.0.0.1:${this.metricsPort}`, ...this.env }
    })
    // A test that fails in the middle must not keep the run alive: the end of the process ends the server.
    for (const handle of [child, child.stdout, child.stderr]) handle.unref()
    this.child = child
    child.ended = new Promise(resolve => child.on('close', (code, signal) => {
      child.over = true
      resolve({ code, signal })
    }))
    const keep = bytes => { this.log = (this.log + bytes).slice(-200_000) }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    await until(`the server answers at ${this.http}/healthz`, async () => {
      if (child.over) throw new Error(`the server ended at once:\n${this.log.slice(-3000)}`)
      return (await fetch(`${this.http}/healthz`)).ok
    }, { within: 30_000 })
  }

  /** SIGKILL: no farewell, no flush. Resolves when the process is gone. */
  async kill () {
    if (!this.child || this.child.over) return
    this.paused = false
    this.child.ref()
    this.child.kill('SIGKILL')
    await this.child.ended
  }

  /** SIGSTOP: as a machine that is suspended, or a process that is not scheduled. */
  pause () {
    this.paused = true
    this.child.kill('SIGSTOP')
  }

  resume () {
    this.paused = false
    this.child.kill('SIGCONT')
  }

  /** SIGTERM: drain. Resolves with the exit code. */
  async drain () {
    this.child.ref()
    this.child.kill('SIGTERM')
    return (await this.child.ended).code
  }

  /** Killed and started again, on the same port and data. */
  async crash () {
    await this.kill()
    await this.up()
  }

  /** A signed token from the command line. */
  async token (document, { access = 'write', user = somebody, ttl = '1h', database = this.database } = {}) {
    if (reference) return `${access}:${document}`
    const args = ['token', '--document', document, '--access', access, '--ttl', ttl, '--database', database, '--user', user]
    const { stdout } = await run(binary, args, { env: { ...environment, ...this.env } })
    return stdout.trim()
  }

  /**
   * The store stalls: it can be read, but nothing gets into it until the returned function is called.
   * (SQLite: another process holds the write lock. For PostgreSQL see Cluster.stall.)
   */
  stall () {
    const other = new DatabaseSync(this.sqliteFile)
    other.exec('pragma busy_timeout = 10000; begin immediate')
    let held = true
    return () => {
      if (!held) return
      held = false
      other.exec('rollback')
      other.close()
    }
  }

  /** Rows of the SQLite file, read beside the server. */
  rows (sql, ...values) {
    const other = new DatabaseSync(this.sqliteFile, { readOnly: true })
    try {
      return other.prepare(sql).all(...values)
    } finally {
      other.close()
    }
  }

  /** Resident memory in MiB, of the server alone (its workers come and go). */
  residentMiB () {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024
  }

  /** All numbers whose name holds `name`, from the metrics listener. */
  async metrics () {
    const text = await (await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`)).text()
    return Object.fromEntries(text.split('\n').filter(line => line && !line.startsWith('#'))
      .map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
  }

  async end () {
    await this.kill()
    this.ended()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
