// A place where rights are given and taken: people who sign in, communities, documents, and the database itself, which
// is changed beside the servers, as another node or a program of the administrator's would.

import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { until } from './wait.mjs'

/** The people of the demonstration. */
export const awa = '01930000-0000-7000-8000-000000000001'
export const bruno = '01930000-0000-7000-8000-000000000002'
export const david = '01930000-0000-7000-8000-000000000004'
export const ines = '01930000-0000-7000-8000-000000000005'

/** A right that has changed has reached every session by then. */
export const REACHES_WITHIN = { within: 5_000 }

const isUuid = value => typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)

/** SQL on the database of the servers: `sql(text, ...values)`. Ids, times and nulls in the terms of its engine. */
export function sqlOn ({ cluster, server }) {
  if (cluster) return (text, ...values) => cluster.rows(text, ...values)
  return (text, ...values) => {
    const database = new DatabaseSync(server.sqliteFile)
    try {
      database.exec('pragma busy_timeout = 5000')
      const bound = values.map(value => {
        if (isUuid(value)) return Buffer.from(value.replaceAll('-', ''), 'hex')
        return value instanceof Date ? value.getTime() * 1000 : value
      })
      return database.prepare(text.replaceAll('$', '?')).all(...bound)
    } finally {
      database.close()
    }
  }
}

/** Signs in on a node: the headers that say so, on every node of the database. */
export async function signIn (node, id) {
  const answer = await until('the person can sign in', async () => {
    const answer = await fetch(`${node.http}/auth/demo`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id })
    })
    return answer.ok && answer
  })
  return { cookie: answer.headers.get('set-cookie').split(';')[0] }
}

export async function signOut (node, headers) {
  const answer = await fetch(`${node.http}/auth/logout`, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } })
  if (!answer.ok) throw new Error(`signing out: ${answer.status}`)
}

/** A private community with these members, `{ id: role }`, and documents in it. */
export class Place {
  static async found (sql, members) {
    const place = Object.assign(new Place(), { sql, id: randomUUID() })
    const now = new Date()
    await sql('insert into communities (id, slug, name, purpose, visibility, created_at) values ($1, $2, $2, $2, $3, $4)', place.id, `c-${place.id}`, 'private', now)
    for (const [person, role] of Object.entries(members)) await place.admit(person, role)
    return place
  }

  admit (person, role) {
    return this.sql('insert into memberships (community_id, user_id, role, joined_at) values ($1, $2, $3, $4)', this.id, person, role, new Date())
  }

  make (person, role) {
    return this.sql('update memberships set role = $3 where community_id = $1 and user_id = $2', this.id, person, role)
  }

  remove (person) {
    return this.sql('delete from memberships where community_id = $1 and user_id = $2', this.id, person)
  }

  /** An empty document that nobody has made: its name. */
  async document () {
    const id = randomUUID()
    const now = new Date()
    await this.sql(`insert into documents (id, name, title, community_id, visibility, epoch, head_seq, snapshot_seq, size_bytes, created_at, updated_at, updated_hour)
      values ($1, $2, 'T', $3, 'inherit', 1, 0, 0, 0, $4, $4, 0)`, id, `doc ${id}`, this.id, now)
    return `doc ${id}`
  }

  /** Sets a time of a document: `frozen_at`, `deleted_at`; now, or never. */
  set (document, column, at) {
    return this.sql(`update documents set ${column} = $2 where name = $1`, document, at)
  }
}
