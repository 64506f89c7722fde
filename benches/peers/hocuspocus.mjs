// @hocuspocus/server as its documentation starts it, in memory or with its database extension over SQLite: the
// statements and the pragma-less connection of @hocuspocus/extension-sqlite, by the SQLite that comes with Node (no
// native package to build).
//   node hocuspocus.mjs PORT [FILE]

import { DatabaseSync } from 'node:sqlite'
import { Database } from '@hocuspocus/extension-database'
import { Server } from '@hocuspocus/server'

const [port, file] = [Number(process.argv[2]), process.argv[3]]

function sqlite () {
  const db = new DatabaseSync(file)
  db.exec('create table if not exists "documents" ("name" varchar(255) not null, "data" blob not null, unique(name))')
  const read = db.prepare('select data from "documents" where name = ? order by rowid desc')
  const write = db.prepare('insert into "documents" ("name", "data") values (?, ?) on conflict(name) do update set data = ?')
  return new Database({
    fetch: async ({ documentName }) => read.get(documentName)?.data ?? null,
    store: async ({ documentName, state }) => { write.run(documentName, state, state) }
  })
}

const server = new Server({ port, address: '127.0.0.1', quiet: true, extensions: file ? [sqlite()] : [] })
await server.listen()
