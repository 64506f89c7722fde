// A throw-away PostgreSQL: a database of its own on UNISSON_TEST_POSTGRES, or a cluster of its own.
// A cluster can be stopped and started, which is what "the database is away" means.

import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, chownSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { atEnd } from './ending.mjs'
import { freePort } from './port.mjs'

const run = promisify(execFile)

function binaries () {
  const base = '/usr/lib/postgresql'
  if (!existsSync(base)) return null
  const newest = readdirSync(base).sort((a, b) => Number(b) - Number(a))[0]
  return newest && path.join(base, newest, 'bin')
}

/** Why there is no PostgreSQL here, or null. */
export function postgresMissing () {
  if (process.env.UNISSON_TEST_POSTGRES || binaries()) return null
  return 'no PostgreSQL on this machine (apt install postgresql), and UNISSON_TEST_POSTGRES is not set'
}

/** Commands of PostgreSQL refuse to run as root. */
function asPostgres (command, args) {
  if (process.getuid() !== 0) return [command, args]
  return ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', command, ...args]]
}

export class Cluster {
  static async start () {
    const cluster = new Cluster()
    cluster.bin = binaries()
    cluster.folder = mkdtempSync(path.join(tmpdir(), 'unisson-pg-'))
    cluster.port = await freePort()
    if (process.getuid() === 0) {
      const [uid, gid] = ['-u', '-g'].map(flag => Number(execFileSync('id', [flag, 'postgres']).toString()))
      chownSync(cluster.folder, uid, gid)
    }
    cluster.ended = atEnd(() => cluster.#last())
    await cluster.#run('initdb', ['--no-sync', '-U', 'unisson', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-D', cluster.data])
    await cluster.up()
    await cluster.query('create database unisson', 'postgres')
    return cluster
  }

  get data () { return path.join(this.folder, 'data') }
  get url () { return `postgres://unisson@127.0.0.1:${this.port}/unisson` }

  #run (command, args) {
    const [program, rest] = asPostgres(path.join(this.bin, command), args)
    return run(program, rest, { cwd: this.folder, env: { ...process.env, PGOPTIONS: '' } })
  }

  /** Starts it (again) on the same port with the same data. */
  async up () {
    const options = `-p ${this.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200 -c fsync=on`
    await this.#run('pg_ctl', ['-D', this.data, '-w', '-l', path.join(this.folder, 'log'), '-o', options, 'start'])
    this.isUp = true
  }

  /** Stops it at once; connections are cut. */
  async down () {
    this.isUp = false
    await this.#run('pg_ctl', ['-D', this.data, '-w', '-m', 'immediate', 'stop'])
  }

  /** A fresh server on the same data, at another port, as after a failover. */
  async failOver () {
    await this.down()
    this.port = await freePort()
    await this.up()
  }

  async #connected (database, act) {
    const client = new pg.Client({ connectionString: `postgres://unisson@127.0.0.1:${this.port}/${database}` })
    client.on('error', () => {})
    await client.connect()
    try {
      return await act(client)
    } finally {
      await client.end()
    }
  }

  query (sql, database = 'unisson', values = []) {
    return this.#connected(database, async client => (await client.query(sql, values)).rows)
  }

  rows (sql, ...values) { return this.query(sql, 'unisson', values) }

  /** Several questions about one moment: `still(rows => …)`. */
  still (ask) {
    return this.#connected('unisson', async client => {
      await client.query('begin isolation level repeatable read read only')
      return ask(async (sql, ...values) => (await client.query(sql, values)).rows)
    })
  }

  /**
   * The store stalls: it can be read, but no update gets in until the returned function is called.
   */
  async stall () {
    const client = new pg.Client({ connectionString: this.url })
    client.on('error', () => {})
    await client.connect()
    await client.query('begin')
    await client.query('lock table updates in exclusive mode')
    return async () => {
      await client.query('rollback').catch(() => {})
      await client.end()
    }
  }

  async end () {
    await this.down().catch(() => {})
    rmSync(this.folder, { recursive: true, force: true })
    this.ended()
  }

  #last () {
    try {
      process.kill(Number(readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0]), 'SIGQUIT')
    } catch { /* it is gone already */ }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A database for one test: on the given server when there is one, otherwise in a cluster of its own. */
export async function database () {
  const server = process.env.UNISSON_TEST_POSTGRES
  if (!server) {
    const cluster = await Cluster.start()
    return { url: cluster.url, end: () => cluster.end() }
  }
  const name = `unisson_clients_${process.pid}_${Math.floor(performance.now())}`
  const admin = async sql => {
    const client = new pg.Client({ connectionString: server })
    await client.connect()
    await client.query(sql)
    await client.end()
  }
  await admin(`create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.toString(), end: () => admin(`drop database ${name} with (force)`).catch(() => {}) }
}
