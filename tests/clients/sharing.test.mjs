// A document shared beyond its community's rules: what is lowered, or over, reaches those who have it open on other nodes.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { letters } from './kit/letters.mjs'
import { Nodes, clusterMissing } from './kit/nodes.mjs'
import { REACHES_WITHIN, awa, bruno, ines, signIn, sqlOn } from './kit/rights.mjs'
import { never, until } from './kit/wait.mjs'
import { RawHocuspocus } from './kit/wire.mjs'

const PRIVATE = 'sobriete-energetique'
const lucie = '01930000-0000-7000-8000-000000000006'

describe('shared documents on two nodes', { skip: clusterMissing, concurrency: 4, timeout: 120_000 }, () => {
  let nodes, here, there, sql, writer
  before(async () => {
    if (clusterMissing) return
    nodes = await Nodes.start(2, { mode: '--demo' })
    ;[here, there] = nodes
    sql = sqlOn(nodes)
    writer = await signIn(here, awa)
  })
  after(() => nodes?.end())

  async function ask (method, path, body) {
    const answer = await fetch(`${here.http}/api/v1${path}`, {
      method, headers: { ...writer, 'content-type': 'application/json' }, body: JSON.stringify(body)
    })
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`)
    return answer.json()
  }
  const write = async () => (await ask('POST', '/documents', { title: 'T', community: PRIVATE })).id
  const share = (id, sharing) => ask('PUT', `/documents/${id}/sharing`, { visibility: 'restricted', people: [], ...sharing })

  /** Somebody who has it open on the other node. */
  async function open (id, person) {
    const raw = await RawHocuspocus.open(there, { headers: await signIn(there, person) })
    await raw.hello(id)
    await raw.got('status', { name: id })
    return raw
  }
  const away = raw => raw.of('denied').at(-1)?.reason

  test('s15_a share that is lowered makes a reader of its session, and one that is taken away ends it', async () => {
    const id = await write()
    await share(id, { people: [{ person: bruno, access: 'write' }] })
    const bob = await open(id, bruno)
    const { updates } = letters(2)
    bob.update(id, updates[0])
    await bob.got('status', { name: id, nth: 2 })
    await share(id, { people: [{ person: bruno, access: 'comment' }] })
    await until('he may only read', () => bob.of('authenticated').at(-1).reason === 'readonly', REACHES_WITHIN)
    bob.update(id, updates[1])
    await until('what he writes is refused', () => bob.of('status').some(m => m.stored === 0))
    await share(id)
    await until('he is sent away', () => away(bob) === 'not-found', REACHES_WITHIN)
    assert.equal((await fetch(`${there.http}/api/v1/documents/${id}`, { headers: await signIn(there, bruno) })).status, 404)
    bob.end()
  })

  test('s15_an address opens until its time, and no session outlives it', async () => {
    const id = await write()
    const link = { access: 'write', expires_at: new Date(Date.now() + 2_500).toISOString() }
    await share(id, { visibility: 'link', link })
    const bob = await open(id, bruno)
    assert.equal(bob.of('authenticated').at(-1).reason, 'read-write')
    await until('it is over for him', () => away(bob) === 'not-found', { within: 2_500 + REACHES_WITHIN.within })
    bob.end()
  })

  test('s15_who was named as a member is sent away with their membership, and a guest stays', async () => {
    const id = await write()
    await share(id, { people: [{ person: ines, access: 'write' }, { person: bruno, access: 'read' }] })
    const [ann, bob] = [await open(id, ines), await open(id, bruno)]
    const [{ community_id: community, role }] = await sql(
      'select m.community_id, m.role from memberships m join communities c on c.id = m.community_id where c.slug = $1 and m.user_id = $2', PRIVATE, ines)
    await sql('delete from memberships where community_id = $1 and user_id = $2', community, ines)
    await until('she is sent away', () => away(ann) === 'not-found', REACHES_WITHIN)
    await never('he is', () => away(bob), { during: 500 })
    await sql('insert into memberships (community_id, user_id, role, joined_at) values ($1, $2, $3, $4)', community, ines, role, new Date())
    for (const one of [ann, bob]) one.end()
  })

  test('s15_an administrator reads in a community while the entry lasts', async () => {
    const id = await write()
    await share(id, { visibility: 'inherit' })
    const [{ id: community }] = await sql('select id from communities where slug = $1', PRIVATE)
    const now = Date.now()
    await sql('insert into admin_entries (id, community_id, user_id, reason, created_at, expires_at) values ($1, $2, $3, $4, $5, $6)',
      randomUUID(), community, lucie, 'Signalement', new Date(now), new Date(now + 2_500))
    const raw = await open(id, lucie)
    assert.equal(raw.of('authenticated').at(-1).reason, 'readonly')
    await until('it is over', () => away(raw) === 'not-found', { within: 2_500 + REACHES_WITHIN.within })
    raw.end()
  })
})
