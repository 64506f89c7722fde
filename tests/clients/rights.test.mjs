// Rights that change while people write: on the node they are at and on others, with every kind of client (S15).

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as Y from 'yjs'
import { arena } from './kit/clients.mjs'
import { letters } from './kit/letters.mjs'
import { Nodes, clusterMissing } from './kit/nodes.mjs'
import { Place, REACHES_WITHIN, awa, bruno, david, ines, signIn, signOut, sqlOn } from './kit/rights.mjs'
import { Server, oursOnly } from './kit/server.mjs'
import { never, until } from './kit/wait.mjs'
import { RawHocuspocus, RawYjs } from './kit/wire.mjs'

const HOCUSPOCUS = ['hocuspocus-3', 'hocuspocus-4']
const CLIENTS = [...HOCUSPOCUS, 'y-websocket-31', 'y-websocket-rc5']

/** Sessions of a node whose right was changed to this, since it started. */
const changes = async (node, to) => (await node.metrics())[`unisson_rights_changed_total{to="${to}"}`] ?? 0

/** Somebody by hand on one node: knows when it was sent away. */
async function by (dialect, node, name, { headers, token } = {}) {
  if (dialect === 'hocuspocus') {
    const raw = await RawHocuspocus.open(node, { headers })
    await raw.hello(name, token)
    await raw.got('status', { name })
    const away = () => raw.of('denied', name).at(-1)?.reason
    return { raw, away, update: bytes => raw.update(name, bytes), text: () => raw.document(name).getText('text').toString() }
  }
  const raw = await RawYjs.open(node, encodeURIComponent(name), { headers, token })
  await raw.hello()
  const away = () => raw.closed && `${raw.of('denied').at(-1)?.reason} ${raw.closed.code} ${raw.closed.reason}`
  return { raw, away, update: bytes => raw.update(bytes), text: () => raw.document().getText('text').toString() }
}

function suite (title, skip, start) {
  describe(title, { skip, concurrency: 4, timeout: 180_000 }, () => {
    let nodes, sql, here, there
    before(async () => {
      if (skip) return
      nodes = await start()
      ;[here] = nodes
      there = nodes.at(-1)
      sql = sqlOn({ cluster: nodes.cluster, server: here })
    })
    after(() => nodes?.end())

    for (const kind of CLIENTS) {
      test(`s15_a writer with ${kind} who is made a reader writes no more, and what was refused arrives when it may write again`, () => arena(here, async join => {
        const place = await Place.found(sql, { [awa]: 'leader', [bruno]: 'member' })
        const name = await place.document()
        const ann = join('hocuspocus-4', name, { headers: await signIn(here, awa) })
        const bob = join(kind, name, { port: there.port, headers: await signIn(there, bruno) })
        bob.append('he ')
        await bob.saved()
        await ann.shows('he ')
        const lowered = await changes(there, 'read')
        await place.make(bruno, 'reader')
        await until('his session is lowered', async () => await changes(there, 'read') > lowered, REACHES_WITHIN)
        const told = HOCUSPOCUS.includes(kind)
        if (told) await until('he is told', () => bob.scopes.at(-1) === 'readonly')
        bob.append('in vain ')
        if (told) await until('he hears of the refusal', () => bob.stateless.some(word => word.includes('read-only')))
        else await until('he hears of the refusal', () => bob.denials.length > 0)
        await never('it is taken', () => ann.text !== 'he ', { during: 500 })
        assert.equal(bob.isSaved, false)
        if (told) assert.equal(bob.provider.unsyncedChanges, 1)
        ann.append('she ')
        await until('he still reads', () => bob.text.includes('she '))
        await place.make(bruno, 'member')
        await until('he is asked for what he kept, and it arrives', () => ann.text === bob.text && ann.text.includes('in vain'), REACHES_WITHIN)
        await bob.saved()
        bob.append('and on')
        await bob.saved()
        await ann.shows(bob.text)
        assert.equal(bob.opened, 1, 'all on one socket')
      }))
    }

    for (const dialect of ['hocuspocus', 'y-websocket']) {
      test(`s15_who is removed from the community is sent away, and gets nothing more by ${dialect}`, async () => {
        const place = await Place.found(sql, { [awa]: 'leader', [bruno]: 'reader' })
        const name = await place.document()
        const ann = await by('hocuspocus', here, name, { headers: await signIn(here, awa) })
        const bob = await by(dialect, there, name, { headers: await signIn(there, bruno) })
        const { updates } = letters(4)
        ann.update(updates[0])
        await until('he reads', () => bob.text() === 'a')
        await place.remove(bruno)
        await until('he is sent away', bob.away, REACHES_WITHIN)
        assert.equal(bob.away(), dialect === 'hocuspocus' ? 'not-found' : 'not-found 4403 not-found')
        const heard = bob.raw.messages.length
        for (const update of updates.slice(1)) ann.update(update)
        await ann.raw.got('status', { nth: 5 })
        await never('a letter reaches him', () => bob.text() !== 'a', { during: 1_000 })
        if (dialect === 'hocuspocus') {
          bob.update(updates[1])
          bob.raw.step1(name)
          await never('he is answered', () => bob.raw.messages.slice(heard).some(m => m.kind !== 'awareness' || m.payload.length > 1), { during: 500 })
          assert.equal(bob.raw.open, true)
          // And in again, on the same socket.
          await place.admit(bruno, 'reader')
          await bob.raw.hello(name)
          await until('he reads it all', () => bob.text() === 'abcd')
        }
        for (const one of [ann, bob]) one.raw.end()
      })
    }

    test('s15_clients that are sent away do not come back, keep what they have, and are seen no more', () => arena(here, async join => {
      const place = await Place.found(sql, { [awa]: 'leader', [bruno]: 'member' })
      const name = await place.document()
      const ann = join('hocuspocus-4', name, { headers: await signIn(here, awa) })
      const headers = await signIn(there, bruno)
      const all = [...HOCUSPOCUS, 'y-websocket-31'].map(kind => join(kind, name, { port: there.port, headers }))
      ann.append('before ')
      for (const [i, one] of all.entries()) {
        await one.shows('before ')
        one.say({ user: { name: 'Bob' }, cursor: i })
      }
      await until('they are seen', () => ann.others.size === 3)
      await place.remove(bruno)
      await until('they are seen no more', () => ann.others.size === 0, { within: 6_000 })
      for (const one of all) {
        if (one.failures) await until(`${one.kind} is told`, () => one.failures.at(-1) === 'not-found')
        else await until(`${one.kind} is closed`, () => one.journal.closes.at(-1) === 4403)
      }
      ann.append('after')
      for (const one of all) one.append('mine')
      await ann.saved()
      await never('anybody comes back, hears of it or is heard', () => ann.text !== 'before after' || all.some(one => one.opened > 1 || one.text !== 'before mine'), { during: 3_000 })
    }))

    test('s15_what waits for a missing part is refused when its session is lowered, and asked for when it may write again', async () => {
      const place = await Place.found(sql, { [awa]: 'leader', [bruno]: 'member' })
      const name = await place.document()
      const bob = await by('hocuspocus', there, name, { headers: await signIn(there, bruno) })
      const { updates } = letters(3)
      bob.update(updates[2])
      await until('it is held', () => bob.raw.count('step1') > 1)
      await place.make(bruno, 'reader')
      await until('it is refused', () => bob.raw.of('status').some(m => m.stored === 0), REACHES_WITHIN)
      assert.equal(bob.raw.of('authenticated').at(-1).reason, 'readonly')
      const asked = bob.raw.count('step1')
      await place.make(bruno, 'member')
      await until('he may write, and is asked', () => bob.raw.of('authenticated').at(-1).reason === 'read-write', REACHES_WITHIN)
      bob.raw.step2(name, Y.mergeUpdates(updates))
      await until('it is acknowledged after all', () => bob.raw.of('status').filter(m => m.stored === 1).length === 2)
      assert.ok(asked >= 2)
      bob.raw.end()
    })

    test('s15_signing out ends the sessions of that login on all nodes, and of no other', async () => {
      const place = await Place.found(sql, { [awa]: 'leader', [ines]: 'member' })
      const name = await place.document()
      const login = await signIn(here, ines)
      const gone = []
      for (const node of nodes) for (const dialect of ['hocuspocus', 'y-websocket']) gone.push(await by(dialect, node, name, { headers: login }))
      const other = await by('hocuspocus', there, name, { headers: await signIn(there, ines) })
      await signOut(here, login)
      for (const one of gone) await until('it has ended', one.away, REACHES_WITHIN)
      for (const one of gone) assert.match(one.away(), /^signed-out( 4401 signed-out)?$/)
      const [socket] = gone
      socket.raw.auth(name)
      await until('the socket is nobody\'s any more', () => socket.raw.count('denied') === 2)
      const { updates } = letters(2)
      other.update(updates[0])
      await other.raw.got('status', { nth: 2 })
      await never('it reaches who has signed out', () => gone.some(one => one.text() !== ''), { during: 500 })
      assert.equal(other.away(), undefined)
      for (const one of [...gone, other]) one.raw.end()
    })

    test('s15_who is suspended is sent away, by cookie and by token', async () => {
      const place = await Place.found(sql, { [awa]: 'leader', [david]: 'member' })
      const name = await place.document()
      const headers = await signIn(here, david)
      const token = await here.token(name, { user: david })
      const all = [
        await by('hocuspocus', here, name, { headers }), await by('y-websocket', there, name, { headers }),
        await by('hocuspocus', there, name, { token }), await by('y-websocket', here, name, { token })
      ]
      await sql('update users set suspended_at = $2 where id = $1', david, new Date())
      for (const one of all) await until('it has ended', one.away, REACHES_WITHIN)
      for (const one of all) assert.match(one.away(), /^permission-denied( 4403 permission-denied)?$/)
      for (const one of all) one.raw.end()
    })

    test('s15_a document that goes takes its sessions along, and leaves the others of their sockets alone', async () => {
      const place = await Place.found(sql, { [awa]: 'leader', [bruno]: 'member' })
      const [name, other] = [await place.document(), await place.document()]
      const headers = await signIn(there, bruno)
      const bob = await by('hocuspocus', there, name, { headers })
      await bob.raw.hello(other)
      await bob.raw.got('status', { name: other })
      const yjs = await by('y-websocket', here, name, { headers })
      await place.set(name, 'deleted_at', new Date())
      for (const one of [bob, yjs]) await until('it has ended', one.away, REACHES_WITHIN)
      assert.equal(bob.away(), 'not-found')
      assert.equal(yjs.away(), 'not-found 4403 not-found')
      const { updates } = letters(2)
      for (const update of updates) {
        bob.raw.update(name, update)
        bob.raw.update(other, update)
      }
      await bob.raw.got('status', { name: other, nth: 3 })
      assert.equal(bob.raw.count('denied', other), 0)
      assert.equal(bob.raw.open, true)
      bob.raw.auth(name)
      await until('it stays away', () => bob.raw.count('denied', name) === 2)
      for (const one of [bob, yjs]) one.raw.end()
    })

    test('s15_a frozen document is read by all and written by none until it thaws', () => arena(here, async join => {
      const place = await Place.found(sql, { [awa]: 'leader', [bruno]: 'member' })
      const name = await place.document()
      const ann = join('hocuspocus-4', name, { headers: await signIn(here, awa) })
      const bob = join('hocuspocus-3', name, { port: there.port, headers: await signIn(there, bruno) })
      ann.append('before ')
      await ann.saved()
      await bob.shows('before ')
      await place.set(name, 'frozen_at', new Date())
      // Before the nodes have noticed: what can't be written is not acknowledged.
      bob.append('into the cold ')
      for (const one of [ann, bob]) await until('both may only read', () => one.scopes.at(-1) === 'readonly', { within: 8_000 })
      await never('it is acknowledged', () => bob.isSaved, { during: 300 })
      await place.set(name, 'frozen_at', null)
      await bob.saved()
      await ann.shows('before into the cold ')
      assert.equal(ann.failures.length + bob.failures.length, 0)
    }))

    test('s15_a token that ends is asked for again, and takes its session along if none comes', () => arena(here, async join => {
      const name = 'until then'
      const short = { user: awa, ttl: '1s' }
      const ended = [
        await by('hocuspocus', here, name, { token: await here.token(name, short) }),
        await by('y-websocket', there, name, { token: await here.token(name, short) })
      ]
      let handed = 0
      const ann = join('hocuspocus-4', name, { port: there.port, token: () => here.token(name, ++handed > 1 ? { user: awa } : short) })
      await ann.synced()
      await until('she is asked for another', () => handed === 2)
      await ended[0].raw.got('token')
      // A token counts half a minute beyond its end, since clocks differ.
      for (const one of ended) await until('it has ended', one.away, { within: 40_000 })
      assert.equal(ended[0].away(), 'token-expired')
      assert.equal(ended[1].away(), 'token-expired 4401 token-expired')
      assert.equal(ended[0].raw.count('token'), 1)
      ann.append('still here')
      await ann.saved()
      assert.deepEqual([ann.opened, ann.failures.length, handed], [1, 0, 2])
      for (const one of ended) one.raw.end()
    }))
  })
}

suite('rights on two nodes', clusterMissing, () => Nodes.start(2, { mode: '--demo' }))

suite('rights on one node', oursOnly, async () => {
  const server = await Server.start({ mode: '--demo' })
  return Object.assign([server], { end: () => server.end() })
})

describe('rights while something is away', { skip: clusterMissing, timeout: 120_000 }, () => {
  let nodes, sql
  before(async () => {
    if (clusterMissing) return
    nodes = await Nodes.start(2, { mode: '--demo' })
    sql = sqlOn(nodes)
  })
  after(() => nodes?.end())

  test('s15_without Redis a right that ends reaches every node in time', async () => {
    const place = await Place.found(sql, { [awa]: 'leader', [bruno]: 'member' })
    const name = await place.document()
    const headers = await signIn(nodes[0], bruno)
    const all = [await by('hocuspocus', nodes[0], name, { headers }), await by('y-websocket', nodes[1], name, { headers })]
    for (const node of nodes) node.toRedis.shut()
    await place.remove(bruno)
    for (const one of all) await until('it has ended', one.away, REACHES_WITHIN)
    await nodes.heal()
    for (const one of all) one.raw.end()
  })

  test('s15_while the database is away nobody loses anything, and what has changed counts when it is back', async () => {
    const place = await Place.found(sql, { [awa]: 'leader', [bruno]: 'member' })
    const name = await place.document()
    const ann = await by('hocuspocus', nodes[0], name, { headers: await signIn(nodes[0], awa) })
    const bob = await by('hocuspocus', nodes[1], name, { headers: await signIn(nodes[0], bruno) })
    const failures = async () => Math.min(...await Promise.all(nodes.map(async node => (await node.metrics()).unisson_rights_failures_total)))
    const before = await failures()
    for (const node of nodes) node.toDatabase.shut()
    await place.remove(bruno)
    await until('both nodes have looked in vain', async () => await failures() > before, { within: 20_000 })
    const { updates } = letters(1)
    bob.update(updates[0])
    await until('he still writes', () => ann.text() === 'a')
    assert.deepEqual([ann.away(), bob.away()], [undefined, undefined])
    await nodes.cluster.down()
    await nodes.cluster.up()
    await nodes.heal()
    await until('he is sent away', bob.away, { within: 15_000 })
    assert.equal(ann.away(), undefined)
    for (const one of [ann, bob]) one.raw.end()
  })
})
