// The numbered rules of docs/SYNC.md that can be seen from outside, spoken by hand where a real client says too little.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as Y from 'yjs'
import { arena, connect } from './kit/clients.mjs'
import { letters } from './kit/letters.mjs'
import * as people from './kit/people.mjs'
import { Server, oursOnly } from './kit/server.mjs'
import * as u from './kit/update.mjs'
import { never, until } from './kit/wait.mjs'
import { RawHocuspocus, RawYjs, bytes, emptyVector, readAwareness, sized } from './kit/wire.mjs'

const skip = oursOnly
let server
before(async () => { if (!skip) server = await Server.start() })
after(() => server?.end())

const NOTHING = Uint8Array.of(0, 0)
const same = (a, b) => Buffer.from(a).equals(Buffer.from(b))

const head = name => Number(server.rows('select head_seq from documents where name = ?', name)[0]?.head_seq ?? 0)

describe('order and repair', { skip }, () => {
  test('s9_a hundred people open one cold document at once, and each gets all of it', async () => {
    const own = await Server.start()
    const writer = connect('hocuspocus-4', own, 'cold')
    writer.insert(0, 'A long text. '.repeat(20_000))
    await writer.saved()
    const { text } = writer
    writer.end()
    await own.crash()
    const raws = await Promise.all(Array.from({ length: 50 }, async () => [await RawHocuspocus.open(own), await RawYjs.open(own, 'cold')]))
    for (const [hocuspocus, yjs] of raws) {
      hocuspocus.auth('cold').step1('cold')
      yjs.step1()
    }
    for (const raw of raws.flat()) {
      await raw.got('step2')
      assert.equal(raw.document().getText('text').toString(), text)
      raw.end()
    }
    await own.end()
  })

  test('s10_a gap is asked for once, not twice for the same gap, and never because of a step 2', async () => {
    const { updates } = letters(8)
    for (const dialect of ['h', 'y']) {
      const name = `s10-${dialect}`
      const raw = dialect === 'h' ? await RawHocuspocus.open(server) : await RawYjs.open(server, name)
      if (dialect === 'h') await raw.hello(name)
      else await raw.hello()
      const send = (kind, update) => dialect === 'h' ? raw[kind](name, update) : raw[kind](update)
      send('step2', updates[7])
      await never('a step 2 with a gap makes the server ask', () => raw.count('step1') > 1, { during: 400 })
      send('update', updates[3])
      await raw.got('step1', { nth: 2 })
      send('update', updates[5])
      send('update', updates[6])
      await never('it asks again while nothing has changed', () => raw.count('step1') > 2, { during: 400 })
      for (const i of [0, 1, 2, 4]) send('update', updates[i])
      const reader = await RawYjs.open(server, name)
      await until('all is taken', async () => {
        reader.messages.length = 0
        await reader.hello()
        return reader.document().getText('text').toString() === 'abcdefgh'
      })
      assert.ok(raw.open)
      if (dialect === 'h') {
        await until('every update and the first step 2 are acknowledged', () => raw.of('status').every(m => m.stored === 1) && raw.count('status') >= 8)
      }
      raw.end()
      reader.end()
    }
  })

  test('s11_what is known already is neither stored nor relayed again, but acknowledged', async () => {
    const { doc, updates } = letters(3)
    const [one, two] = [await RawHocuspocus.open(server), await RawHocuspocus.open(server)]
    await one.hello('s11')
    await two.hello('s11')
    for (const update of updates) one.update('s11', update)
    await one.got('status', { nth: 4 })
    await two.got('update', { nth: 1 })
    await until('all is relayed', () => two.document().getText('text').toString() === 'abc')
    const [seq, relayed] = [head('s11'), two.count('update')]
    for (const update of updates) one.update('s11', update)
    one.update('s11', Y.encodeStateAsUpdate(doc))
    two.step2('s11', Y.encodeStateAsUpdate(doc))
    await one.got('status', { nth: 8 })
    assert.ok(one.of('status').every(m => m.stored === 1))
    await never('it is relayed or stored again', () => two.count('update') > relayed || head('s11') > seq, { during: 300 })
    one.end()
    two.end()
  })

  test('s11_the echo of a y-websocket client is the bytes it sent', async () => {
    const [one, two] = [await RawYjs.open(server, 'echo'), await RawYjs.open(server, 'echo')]
    await one.hello()
    await two.hello()
    const { updates } = letters(5)
    for (const [i, update] of updates.entries()) {
      one.update(update)
      const echo = await one.got('update', { nth: i + 1 })
      assert.ok(same(echo.payload, update))
    }
    // With a delete set that is partly known, and twice the same.
    const doc = new Y.Doc()
    for (const update of updates) Y.applyUpdate(doc, update)
    const mixed = []
    doc.on('update', update => mixed.push(update))
    doc.getText('text').delete(0, 1)
    doc.transact(() => { doc.getText('text').delete(0, 1); doc.getText('text').insert(0, 'X') })
    const all = Y.mergeUpdates(mixed)
    one.update(mixed[0])
    one.update(all)
    one.update(all)
    for (const [nth, sent] of [[6, mixed[0]], [7, all], [8, all]]) {
      assert.ok(same((await one.got('update', { nth })).payload, sent), `echo ${nth}`)
    }
    assert.equal(two.document().getText('text').toString(), doc.getText('text').toString())
    one.end()
    two.end()
  })

  test('s11_known deletes of a step 2 are not logged again', () => arena(server, async join => {
    const ann = join('hocuspocus-4', 'deletes')
    // Before that it begins to count anew, and is at zero while edits are still on their way.
    await ann.synced()
    ann.insert(0, 'x'.repeat(2000))
    for (let i = 0; i < 500; i++) ann.delete(i, 1)
    await ann.saved()
    ann.disconnect()
    await until('offline', () => !ann.isSynced)
    ann.append('one letter')
    ann.connect()
    await ann.saved()
    const [{ n }] = server.rows('select length(payload) as n from updates u join documents d on d.id = u.document_id where d.name = ? order by seq desc limit 1', 'deletes')
    assert.ok(Number(n) < 300, `the row of ten letters has ${n} bytes`)
  }))

  for (const empty of [true, false]) {
    test(`s23_our step 1 comes right before the step 2 of ${empty ? 'an empty' : 'a filled'} document, and no status before it`, async () => {
      const name = `s23 ${empty}`
      const one = await RawHocuspocus.open(server)
      await one.hello(name)
      const { updates } = letters(empty ? 0 : 3)
      for (const update of updates) one.update(name, update)
      await one.got('status', { nth: updates.length + 1 })
      const two = await RawHocuspocus.open(server)
      // Everything at once, as the provider does, and impatient: an update and a step 2 before the answer.
      two.auth(name).step1(name).update(name, letters(1).updates[0]).step2(name, NOTHING)
      await two.got('step2')
      await two.got('status')
      const kinds = two.messages.map(m => m.kind).filter(kind => kind !== 'awareness')
      assert.equal(kinds[0], 'authenticated')
      assert.equal(two.messages[0].reason, 'read-write')
      assert.equal(kinds.indexOf('step2'), kinds.indexOf('step1') + 1 + kinds.slice(0, kinds.indexOf('step2')).filter(kind => kind === 'update').length)
      assert.ok(kinds.indexOf('status') > kinds.indexOf('step2'), kinds.join(' '))
      const three = await RawYjs.open(server, encodeURIComponent(name))
      await three.hello()
      const order = three.messages.map(m => m.kind)
      assert.ok(order.includes('step1') && order.indexOf('step1') <= order.indexOf('step2'), order.join(' '))
      for (const raw of [one, two, three]) raw.end()
    })
  }
})

describe('access', { skip }, () => {
  test('s14_a reader\'s update is refused, a step 2 without news is stored, and one with news is refused', async () => {
    const name = 's14'
    const ann = await RawHocuspocus.open(server)
    await ann.hello(name, await server.token(name, { user: people.ann }))
    const { doc, updates } = letters(3)
    for (const update of updates) ann.update(name, update)
    await ann.got('status', { nth: 4 })
    const bob = await RawHocuspocus.open(server)
    bob.auth(name, await server.token(name, { access: 'read', user: people.bob })).step1(name)
    assert.equal((await bob.got('authenticated')).reason, 'readonly')
    await bob.got('step2')
    bob.step2(name, Y.encodeStateAsUpdate(doc))
    assert.equal((await bob.got('status')).stored, 1)
    doc.getText('text').insert(0, 'news')
    bob.step2(name, Y.encodeStateAsUpdate(doc))
    bob.update(name, Y.encodeStateAsUpdate(doc))
    await until('both are refused', () => bob.of('status').filter(m => m.stored === 0).length === 2)
    assert.ok(bob.open)
    await never('it is relayed', () => ann.document(name).getText('text').toString().includes('news'), { during: 200 })
    const yjs = await RawYjs.open(server, name, { token: await server.token(name, { access: 'read', user: people.bob }) })
    await yjs.hello()
    yjs.step2(yjs.of('step2')[0].payload)
    await never('a step 2 without news is refused', () => yjs.count('denied') > 0, { during: 300 })
    yjs.update(Y.encodeStateAsUpdate(doc))
    assert.match((await yjs.got('denied')).reason, /\S/)
    assert.ok(yjs.open)
    for (const raw of [ann, bob, yjs]) raw.end()
  })

  for (const dialect of ['h', 'y']) {
    test(`s16_letters of somebody who is here are taken from another once she has confirmed them (she: ${dialect === 'h' ? 'Hocuspocus' : 'y-websocket'})`, async () => {
      const name = `s16 asked ${dialect}`
      const token = await server.token(name, { user: people.ann })
      const { doc, updates } = letters(6)
      const ann = dialect === 'h' ? await RawHocuspocus.open(server) : await RawYjs.open(server, encodeURIComponent(name), { token })
      const say = (kind, ...rest) => dialect === 'h' ? ann[kind](name, ...rest) : ann[kind](...rest)
      if (dialect === 'h') await ann.hello(name, token)
      else await ann.hello()
      say('awareness', [doc.clientID, 1, { user: { name: 'Ann' } }])
      await ann.got('awareness')
      for (const update of updates.slice(0, 3)) say('update', update)
      const bob = await RawHocuspocus.open(server)
      await bob.hello(name, await server.token(name, { user: people.bob }))
      await until('Bob has the first three', () => bob.document().getText('text').toString() === 'abc')
      const asked = ann.count('step1')
      bob.update(name, Y.mergeUpdates(updates.slice(3)))
      await ann.got('step1', { nth: asked + 1 })
      say('step2', Y.encodeStateAsUpdate(doc))
      await until('Bob\'s message is acknowledged', () => bob.of('status').length === 2 && bob.of('status').every(m => m.stored === 1))
      const fresh = await RawYjs.open(server, encodeURIComponent(name), { token })
      await fresh.hello()
      assert.equal(fresh.document().getText('text').toString(), 'abcdef')
      for (const raw of [ann, bob, fresh]) raw.end()
    })
  }

  /** Ann is here and has sent three of her six letters; Bob brings all of them, one deleted, and Ann does not confirm the rest. */
  async function refused (name) {
    const { doc, updates } = letters(6)
    const ann = await RawHocuspocus.open(server)
    await ann.hello(name, await server.token(name, { user: people.ann }))
    ann.awareness(name, [doc.clientID, 1, { user: { name: 'Ann' } }])
    await ann.got('awareness')
    for (const update of updates.slice(0, 3)) ann.update(name, update)
    const half = new Y.Doc()
    for (const update of updates.slice(0, 3)) Y.applyUpdate(half, update)
    const bob = await RawHocuspocus.open(server)
    await bob.hello(name, await server.token(name, { user: people.bob }))
    await until('Bob has the first three', () => bob.document().getText('text').toString() === 'abc')
    await bob.got('status')
    const bobs = new Y.Doc()
    Y.applyUpdate(bobs, Y.encodeStateAsUpdate(doc))
    bobs.getText('text').delete(4, 1)
    const [asked, told] = [ann.count('step1'), bob.count('status')]
    bob.update(name, Y.encodeStateAsUpdate(bobs, Y.encodeStateVector(half)))
    await ann.got('step1', { nth: asked + 1 })
    ann.step2(name, Y.encodeStateAsUpdate(half))
    assert.equal((await bob.got('status', { nth: told + 1 })).stored, 0)
    return { ann, bob, bobs, updates, asked: bob.count('step1') }
  }

  /** Bob is asked, and what he was refused is acknowledged and there. */
  async function comesBack (name, { bob, bobs, asked }) {
    await bob.got('step1', { nth: asked + 1 })
    const told = bob.count('status')
    bob.step2(name, Y.encodeStateAsUpdate(bobs))
    assert.equal((await bob.got('status', { nth: told + 1 })).stored, 1)
    const fresh = await RawHocuspocus.open(server)
    await fresh.hello(name, await server.token(name, { user: people.bob }))
    await until('a newcomer reads it', () => fresh.document().getText('text').toString() === 'abcdf')
    fresh.end()
  }

  test('s16_what somebody deleted of letters that were refused is asked for once these have come', async () => {
    const name = 's16 deleted'
    const { ann, updates, ...bobs } = await refused(name)
    for (const update of updates.slice(3)) ann.update(name, update)
    await comesBack(name, bobs)
    ann.end()
    bobs.bob.end()
  })

  test('s16_what was refused is asked for when its owner has gone', async () => {
    const name = 's16 gone'
    const { ann, ...bobs } = await refused(name)
    ann.end()
    await comesBack(name, bobs)
    bobs.bob.end()
  })

  test('s16_letters that come along with others bind nobody\'s id', () => arena(server, async join => {
    // Bob's step 2 brings letters of a third person; that person then comes and writes without trouble.
    const name = 's16 along'
    const third = new Y.Doc()
    third.getText('text').insert(0, 'third. ')
    const doc = new Y.Doc()
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(third))
    doc.getText('text').insert(7, 'bob. ')
    const bob = join('hocuspocus-4', name, { token: await server.token(name, { user: people.bob }), doc })
    bob.say({ user: { name: 'Bob' } })
    await bob.saved()
    const ann = join('y-websocket-31', name, { token: await server.token(name, { user: people.ann }), doc: third })
    ann.say({ user: { name: 'Ann' } })
    await ann.synced()
    ann.append('third again.')
    await ann.saved()
    await until('Bob sees it, and who wrote it', () => bob.text.includes('third again.') && bob.others.has(ann.id))
    assert.deepEqual(ann.denials, [])
  }))
})

describe('presence', { skip }, () => {
  test('s21_the sender gets its own bytes back, and entries of other ids in its messages are dropped', async () => {
    const [one, two] = [await RawYjs.open(server, 's21'), await RawYjs.open(server, 's21')]
    await one.hello()
    await two.hello()
    one.awareness([11, 5, { name: 'one' }])
    const own = await one.got('awareness')
    assert.deepEqual(readAwareness(own.payload), [{ client: 11, clock: 5, state: { name: 'one' } }])
    await two.got('awareness')
    one.awareness([11, 6, { name: 'one', at: 2 }], [99, 1, { name: 'another' }], [98, 1, { name: 'a third' }])
    one.awareness([77, 1, { name: 'too late' }])
    await until('the entry of its own arrives', () => two.of('awareness').some(m => readAwareness(m.payload).some(e => e.state?.at === 2)))
    const ids = new Set(two.of('awareness').flatMap(m => readAwareness(m.payload)).map(e => e.client))
    assert.deepEqual([...ids], [11])
    one.end()
    two.end()
  })

  test('s21_a departing session takes away only what it still owns, with the same clock', async () => {
    const [first, watcher] = [await RawYjs.open(server, 's21 leave'.replace(' ', '%20')), await RawHocuspocus.open(server)]
    await first.hello()
    await watcher.hello('s21 leave')
    first.awareness([21, 3, { name: 'first' }])
    await watcher.got('awareness')
    const seen = () => watcher.of('awareness').flatMap(m => readAwareness(m.payload)).filter(e => e.client === 21)
    // The same id comes again on a newer socket, as after a cut that the server has not noticed.
    const second = await RawYjs.open(server, 's21%20leave')
    await second.hello()
    second.awareness([21, 4, { name: 'second' }])
    await until('the second is seen', () => seen().at(-1).state?.name === 'second')
    first.end()
    await never('the first takes the second with it', () => seen().at(-1).state === null, { during: 400 })
    const { clock } = seen().at(-1)
    second.end()
    await until('it is gone', () => seen().at(-1).state === null)
    assert.equal(seen().at(-1).clock, clock)
    watcher.end()
  })

  test('s21_who asks is told who is here, in both dialects', async () => {
    const [one, two, three] = [await RawYjs.open(server, 'asked'), await RawYjs.open(server, 'asked'), await RawHocuspocus.open(server)]
    await one.hello()
    await two.hello()
    await three.hello('asked')
    one.awareness([81, 1, { name: 'one' }])
    await two.got('awareness')
    await three.got('awareness')
    two.messages.length = three.messages.length = 0
    two.send(3)
    three.send('asked', 3)
    for (const raw of [two, three]) {
      await until('it is told', () => raw.of('awareness').some(m => readAwareness(m.payload).some(e => e.client === 81 && e.state?.name === 'one')))
    }
    for (const raw of [one, two, three]) raw.end()
  })

  test('s21_an id that comes back with a smaller clock is seen again', async () => {
    const watcher = await RawYjs.open(server, 's21-clock')
    await watcher.hello()
    const seen = () => watcher.of('awareness').flatMap(m => readAwareness(m.payload)).filter(e => e.client === 31)
    const first = await RawYjs.open(server, 's21-clock')
    await first.hello()
    first.awareness([31, 50, { turn: 1 }])
    await until('it is seen', () => seen().at(-1)?.state?.turn === 1)
    first.end()
    await until('it is gone', () => seen().at(-1).state === null)
    const { clock } = seen().at(-1)
    const second = await RawYjs.open(server, 's21-clock')
    await second.hello()
    second.awareness([31, 1, { turn: 2 }])
    await until('it is seen again', () => seen().at(-1).state?.turn === 2)
    assert.ok(seen().at(-1).clock > clock, 'with a clock that clients take for newer')
    second.end()
    watcher.end()
  })

  test('s21_a storm of cursor moves is sent on a few times a second, and the last one arrives', async () => {
    const [mover, watcher] = [await RawHocuspocus.open(server), await RawHocuspocus.open(server)]
    await mover.hello('s21 storm')
    await watcher.hello('s21 storm')
    for (let i = 1; i <= 2000; i++) mover.awareness('s21 storm', [61, i, { at: i }])
    await until('the last one arrives', () => watcher.of('awareness').some(m => readAwareness(m.payload).some(e => e.state?.at === 2000)))
    assert.ok(watcher.count('awareness') < 100, `${watcher.count('awareness')} messages`)
    mover.end()
    watcher.end()
  })

  test('s21_a person who is known is shown under the name that the server knows', async () => {
    const own = await Server.start({ mode: '--demo' })
    const { people: list } = await (await fetch(`${own.http}/auth/demo`)).json()
    const person = list.find(one => one.role === 'agent')
    const answer = await fetch(`${own.http}/auth/demo`, { method: 'POST', headers: { 'content-type': 'application/json', origin: own.http }, body: JSON.stringify({ id: person.id }) })
    const cookie = answer.headers.get('set-cookie').split(';')[0]
    const { items } = await (await fetch(`${own.http}/api/v1/documents`, { headers: { cookie } })).json()
    const { room } = items[0]
    const headers = { cookie, origin: own.http }
    const [eve, watcher] = [await RawHocuspocus.open(own, { headers }), await RawHocuspocus.open(own, { headers })]
    for (const raw of [eve, watcher]) { raw.auth(room).step1(room); await raw.got('step2') }
    eve.awareness(room, [71, 1, { user: { name: 'The Minister', color: '#123456' }, name: 'The Minister', cursor: 3 }])
    await until('it is seen', () => watcher.of('awareness').some(m => readAwareness(m.payload).some(e => e.client === 71 && e.state?.cursor === 3)))
    const { state } = watcher.of('awareness').flatMap(m => readAwareness(m.payload)).findLast(e => e.client === 71)
    assert.equal(state.user.name, person.name)
    assert.notEqual(state.name, 'The Minister')
    assert.equal(state.user.color, '#123456')
    eve.end()
    watcher.end()
    await own.end()
  })
})

describe('acknowledgements', { skip }, () => {
  test('s25_exactly one status for each update and for the step 2 of each opening, and none for what the server asked itself', async () => {
    const name = 's25'
    const raw = await RawHocuspocus.open(server)
    await raw.hello(name)
    await raw.got('status')
    const { updates } = letters(6)
    for (const update of updates.slice(0, 3)) raw.update(name, update)
    await raw.got('status', { nth: 4 })
    // A gap: the server asks; the answer fills the gap and is owed nothing, the update with the gap is.
    raw.update(name, updates[5])
    await raw.got('step1', { nth: 2 })
    await never('the gap is acknowledged', () => raw.count('status') > 4, { during: 200 })
    raw.step2(name, Y.mergeUpdates(updates))
    await raw.got('status', { nth: 5 })
    await never('the answer is acknowledged too', () => raw.count('status') > 5, { during: 300 })
    // The client asks again, as forceSync does: our step 1 and step 2, and one status for the answer.
    const asked = raw.count('step1')
    raw.step1(name)
    await raw.got('step1', { nth: asked + 1 })
    await raw.got('step2', { nth: 2 })
    raw.step2(name, Y.mergeUpdates(updates))
    await raw.got('status', { nth: 6 })
    await never('there is one too many', () => raw.count('status') > 6, { during: 300 })
    assert.ok(raw.of('status').every(m => m.stored === 1))
    raw.end()
  })

  test('s25_a later Auth for an open document is judged, and its access counts from then on', async () => {
    const name = 's25 later'
    const { updates } = letters(3)
    const raw = await RawHocuspocus.open(server)
    await raw.hello(name, await server.token(name, { user: people.ann }))
    await raw.got('status')
    raw.update(name, updates[0])
    assert.equal((await raw.got('status', { nth: 2 })).stored, 1)
    raw.auth(name, await server.token(name, { access: 'read', user: people.ann }))
    assert.equal((await raw.got('authenticated', { nth: 2 })).reason, 'readonly')
    raw.update(name, updates[1])
    assert.equal((await raw.got('status', { nth: 3 })).stored, 0)
    raw.auth(name, await server.token(name, { user: people.ann }))
    await raw.got('authenticated', { nth: 3 })
    const asks = raw.count('step1')
    await until('writable again: the server asks step 1', () => asks > 1 || raw.count('step1') > 1)
    raw.step2(name, Y.mergeUpdates(updates.slice(0, 2)))
    await until('the refused update is acknowledged after all', () => raw.of('status').filter(m => m.stored === 1).length === 3)
    raw.end()
  })

  test('s25_several messages in one frame of y-websocket are all heard', async () => {
    const [one, two] = [await RawYjs.open(server, 's25y'), await RawYjs.open(server, 's25y')]
    await two.hello()
    const { updates } = letters(3)
    one.send(bytes(0, 0, sized(emptyVector)), ...updates.map(update => bytes(0, 2, sized(update))), bytes(3))
    await one.got('step2')
    await until('the other has them', () => two.document().getText('text').toString() === 'abc')
    await until('each is echoed', () => one.count('update') >= 3)
    one.end()
    two.end()
  })
})

describe('drain', { skip }, () => {
  test('s22_SIGTERM saves what is under way, closes with 1012, exits with 0, and clients land on the next node', async () => {
    const own = await Server.start()
    await arena(own, async join => {
      const all = ['hocuspocus-3', 'hocuspocus-4', 'y-websocket-2', 'y-websocket-31', 'y-websocket-rc5'].map(kind => join(kind, 'drain'))
      for (const one of all) await one.synced()
      const raw = await RawHocuspocus.open(own)
      await raw.hello('drain')
      for (let i = 0; i < 50; i++) for (const one of all) one.append(`${i}`)
      const code = await own.drain()
      assert.equal(code, 0)
      await until('the socket is closed with 1012', () => raw.closed?.code === 1012)
      assert.equal(raw.count('close'), 0)
      for (const one of all) await until(`${one.kind} has been told 1012`, () => one.journal.closes[0] === 1012 || Promise.reject(new Error(`it was told ${one.journal.closes[0]}`)), { within: 3000 })
      await own.up()
      for (const one of all) await one.saved({ within: 20_000 })
      const [{ text }] = all
      assert.equal(text.length, all.length * (10 + 40 * 2))
      for (const one of all) await one.shows(text)
      const fresh = join('hocuspocus-4', 'drain')
      await fresh.synced()
      await fresh.shows(text)
    })
    await own.end()
  })
})
