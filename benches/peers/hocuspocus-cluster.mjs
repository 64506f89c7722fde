// One of several @hocuspocus/server nodes, as its documentation puts them together: its Redis extension, and its
// database extension over PostgreSQL. All options are the defaults.
//   node hocuspocus-cluster.mjs PORT REDIS_PORT POSTGRES_URL

import { Database } from '@hocuspocus/extension-database'
import { Redis } from '@hocuspocus/extension-redis'
import { Server } from '@hocuspocus/server'
import pg from 'pg'

const [port, redisPort, url] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]]
const pool = new pg.Pool({ connectionString: url })
pool.on('error', () => {})
const made = 'create table if not exists hocuspocus (name text primary key, data bytea not null)'
// Two nodes that make it at the same moment: one is told that it is there.
await pool.query(made).catch(() => pool.query(made))

const database = new Database({
  fetch: async ({ documentName }) => (await pool.query('select data from hocuspocus where name = $1', [documentName])).rows[0]?.data ?? null,
  store: async ({ documentName, state }) => {
    await pool.query('insert into hocuspocus (name, data) values ($1, $2) on conflict (name) do update set data = excluded.data', [documentName, state])
  }
})
const redis = new Redis({ host: '127.0.0.1', port: redisPort })
// Without listeners every lost connection would be a page of text.
for (const client of [redis.pub, redis.sub]) client.on('error', () => {})
// The usual advice for a server that must not end with the first rejected promise.
process.on('unhandledRejection', () => {})

await new Server({ port, address: '127.0.0.1', quiet: true, extensions: [redis, database] }).listen()
