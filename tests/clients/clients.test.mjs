// Each real client in its own dialect, and all of them in one room: editing, presence, coming back, acknowledgement.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { allClients, arena, hocuspocusClients, websocketClients } from './kit/clients.mjs'
import { Server, oursOnly, reference } from './kit/server.mjs'
import { never, until } from './kit/wait.mjs'

let server
before(async () => { server = await Server.start() })
after(() => server.end())

test('every client uses the one copy of Yjs that the tests use', async () => {
  const { createRequire } = await import('node:module')
  const own = createRequire(import.meta.url).resolve('yjs')
  for (const name of ['hocuspocus-3', 'hocuspocus-4', 'y-websocket-2', 'y-websocket-30', 'y-websocket-31', 'y-websocket-rc5', 'y-indexeddb', 'y-protocols/sync']) {
    const base = import.meta.resolve(name)
    assert.equal(createRequire(base).resolve('yjs'), own, name)
  }
  const own14 = import.meta.resolve('@y/y')
  for (const name of ['@y/websocket', '@y/protocols/awareness', 'y-websocket-rc5']) {
    assert.equal(import.meta.resolve('@y/y', import.meta.resolve(name)), own14, name)
  }
})

for (const kind of allClients) {
  describe(kind, () => {
    test(`two people of ${kind} write one text`, () => arena(server, async join => {
      const [ann, bob] = [join(kind, `co-edit ${kind}`), join(kind, `co-edit ${kind}`)]
      await ann.synced()
      await bob.synced()
      ann.insert(0, 'The quick fox')
      await bob.shows('The quick fox')
      bob.insert(4, 'very ')
      await ann.shows('The very quick fox')
      ann.delete(4, 5)
      bob.append('!')
      for (const one of [ann, bob]) await one.shows('The quick fox!')
      await ann.saved()
      await bob.saved()
      const reader = join(kind, `co-edit ${kind}`)
      await reader.synced()
      await reader.shows('The quick fox!')
    }))

    test(`people of ${kind} see who is here and who has left`, () => arena(server, async join => {
      const [ann, bob] = [join(kind, `presence ${kind}`), join(kind, `presence ${kind}`)]
      await ann.synced()
      await bob.synced()
      ann.say({ user: { name: 'Ann' }, cursor: 1 })
      bob.say({ user: { name: 'Bob' }, cursor: 2 })
      await until('Bob sees Ann', () => bob.others.get(ann.id)?.cursor === 1)
      await until('Ann sees Bob', () => ann.others.get(bob.id)?.cursor === 2)
      ann.say({ user: { name: 'Ann' }, cursor: 7 })
      await until('Bob sees Ann move', () => bob.others.get(ann.id)?.cursor === 7)
      const late = join(kind, `presence ${kind}`)
      await until('a latecomer sees both', () => late.others.has(ann.id) && late.others.has(bob.id))
      ann.end()
      await until('Bob sees Ann leave', () => !bob.others.has(ann.id))
      assert.ok(late.others.has(bob.id))
    }))

    test(`what ${kind} typed while offline comes in when it is back`, () => arena(server, async join => {
      const [ann, bob] = [join(kind, `offline ${kind}`), join(kind, `offline ${kind}`)]
      ann.insert(0, 'begin ')
      await bob.shows('begin ')
      await ann.saved()
      ann.disconnect()
      await until('Ann is offline', () => !ann.isSynced)
      ann.append('ann ')
      bob.append('bob ')
      await bob.saved()
      ann.connect()
      await ann.synced()
      await until('both texts are one', () => ann.text === bob.text && ann.text.includes('ann ') && ann.text.includes('bob '))
      await ann.saved()
    }))

    test(`${kind} comes back by itself after its connection is cut`, () => arena(server, async join => {
      const [ann, bob] = [join(kind, `cut ${kind}`), join(kind, `cut ${kind}`)]
      await ann.synced()
      await bob.synced()
      ann.cut()
      ann.insert(0, 'typed into the void')
      await bob.shows('typed into the void')
      await until('Ann has a second connection', () => ann.opened === 2)
      await ann.saved()
      assert.equal(bob.opened, 1)
    }))

    test(`s2_what ${kind} was told is saved survives SIGKILL of the server`, { skip: kind === 'yjs-14' && reference }, async () => {
      const own = await Server.start()
      await arena(own, async join => {
        const ann = join(kind, 'kill')
        await ann.synced()
        ann.insert(0, 'saved before the kill')
        await ann.saved()
        if (reference) await until('the reference has stored it', () => new Promise(resolve => setTimeout(resolve, 300, true)))
        ann.end()
        await own.crash()
        const bob = join(kind, 'kill')
        await bob.synced()
        await bob.shows('saved before the kill')
      })
      await own.end()
    })
  })
}

test('clients of every version and both dialects write one text', { skip: oursOnly }, () => arena(server, async join => {
  const people = allClients.map(kind => join(kind, 'all together'))
  for (const one of people) await one.synced()
  for (const one of people) {
    one.insert(0, `[${one.kind}]`)
    for (const other of people) await until(`${other.kind} sees ${one.kind}`, () => other.text.includes(`[${one.kind}]`))
  }
  const text = people[0].text
  for (const one of people) await one.shows(text)
  for (const one of people) await one.saved()
  for (const one of people) one.say({ kind: one.kind })
  for (const one of people) {
    await until(`${one.kind} sees the six others`, () =>
      people.every(other => other === one || one.others.get(other.id)?.kind === other.kind))
  }
}))

test('a Yjs 14 client and a Yjs 13 client edit one text in one room', { skip: oursOnly }, () => arena(server, async join => {
  const [old, young] = [join('hocuspocus-4', 'yjs 13 and 14'), join('yjs-14', 'yjs 13 and 14')]
  await old.synced()
  await young.synced()
  for (let i = 0; i < 30; i++) {
    young.append(`n${i} `)
    old.insert(0, `o${i} `)
    if (i % 5 === 4) young.delete(0, 3)
  }
  await old.saved()
  await young.saved()
  await until('both show the same', () => old.text === young.text && old.text.includes('n29 ') && old.text.includes('o29'))
}))

test('a name with a slash, a percent sign, a question mark and letters beyond ASCII is one document in both dialects', { skip: oursOnly }, () => arena(server, async join => {
  for (const name of ['team/notes/2026', '100 % sûr ? oui', 'é🙂', 'a%2Fb', 'a+b c']) {
    const [ann, bob] = [join('hocuspocus-3', name), join('y-websocket-2', name)]
    await ann.synced()
    await bob.synced()
    ann.insert(0, name)
    await bob.shows(name)
  }
}))

for (const kind of hocuspocusClients) {
  describe(`${kind}, many documents on one socket`, () => {
    test(`twenty documents of ${kind} share one socket and keep apart`, () => arena(server, async join => {
      const socket = join.socket(kind)
      const docs = Array.from({ length: 20 }, (_, i) => join(kind, `many ${kind} ${i}`, { socket }))
      for (const [i, one] of docs.entries()) { await one.synced(); one.insert(0, `text ${i}`) }
      for (const one of docs) await one.saved()
      const other = join.socket(kind)
      const readers = docs.map(one => join(kind, one.name, { socket: other }))
      for (const [i, one] of readers.entries()) await one.shows(`text ${i}`)
      assert.equal(socket.journal.opened, 1)
      assert.deepEqual(docs.map(one => one.provider.unsyncedChanges), docs.map(() => 0))
    }))

    test(`s25_the counter of ${kind} is exactly 0 after many edits, a cut, and edits offline`, () => arena(server, async join => {
      const ann = join(kind, `counter ${kind}`)
      await ann.synced()
      for (let i = 0; i < 200; i++) ann.append('x')
      await ann.saved()
      ann.cut()
      for (let i = 0; i < 50; i++) ann.append('y')
      await until('Ann is back', () => ann.opened === 2)
      await ann.saved()
      assert.equal(ann.provider.unsyncedChanges, 0)
      ann.disconnect()
      await until('Ann is offline', () => !ann.isSynced)
      for (let i = 0; i < 50; i++) ann.append('z')
      ann.connect()
      await ann.saved()
      const reader = join(kind, `counter ${kind}`)
      await reader.shows('x'.repeat(200) + 'y'.repeat(50) + 'z'.repeat(50))
      await never('the counter moves again', () => ann.provider.unsyncedChanges !== 0, { during: 300 })
    }))

    test(`s25_forceSync of ${kind} brings the counter back to 0`, () => arena(server, async join => {
      const ann = join(kind, `force ${kind}`)
      ann.insert(0, 'once')
      await ann.saved()
      for (let i = 0; i < 3; i++) {
        ann.provider.forceSync()
        assert.equal(ann.provider.unsyncedChanges, 1)
        await ann.saved()
      }
    }))

    test(`a reader's token lets ${kind} read and not write`, () => arena(server, async join => {
      const name = `read only ${kind}`
      const ann = join(kind, name, { token: await server.token(name, { access: 'write' }) })
      ann.insert(0, 'only Ann writes')
      await ann.saved()
      const bob = join(kind, name, { token: await server.token(name, { access: 'read' }) })
      await bob.shows('only Ann writes')
      await until('Bob knows that he may only read', () => bob.scopes.at(-1) === 'readonly')
      await until('a reader without news owes nothing', () => bob.isSaved)
      bob.insert(0, 'Bob tries ')
      await never('what a reader writes reaches the others', () => ann.text !== 'only Ann writes', { during: 500 })
      assert.equal(bob.provider.unsyncedChanges, 1)
      assert.deepEqual(ann.scopes, ['read-write'])
    }))

    test(`one document of ${kind} is refused and tried again while the others go on`, () => arena(server, async join => {
      const [good, bad] = [`good ${kind}`, `refused ${kind}`]
      const socket = join.socket(kind)
      const one = join(kind, good, { socket, token: await server.token(good) })
      let token = reference ? 'nonsense:x' : 'nonsense'
      const other = join(kind, bad, { socket, token: () => token })
      await one.synced()
      await until('the bad token is refused', () => other.failures.length === 1)
      assert.match(other.failures[0], /^[a-z-]+$/)
      one.insert(0, 'goes on')
      await one.saved()
      token = await server.token(bad)
      await other.provider.sendToken()
      other.provider.startSync()
      await other.synced()
      other.insert(0, 'now it works')
      await other.saved()
      assert.equal(socket.journal.opened, 1)
      assert.deepEqual(socket.journal.closes, [])
      const reader = join(kind, bad, { token: await server.token(bad, { access: 'read' }) })
      await reader.shows('now it works')
    }))

    test(`a person of ${kind} who leaves one document of a shared socket is seen to leave it, and only it`, { skip: oursOnly }, () => arena(server, async join => {
      const socket = join.socket(kind)
      const [here, there] = [join(kind, `here ${kind}`, { socket }), join(kind, `there ${kind}`, { socket })]
      const watchers = [join('y-websocket-31', `here ${kind}`), join('y-websocket-31', `there ${kind}`)]
      for (const one of [here, there]) one.say({ user: { name: 'Ann' } })
      await until('both are seen', () => watchers[0].others.has(here.id) && watchers[1].others.has(there.id))
      here.end()
      await until('she is seen to leave', () => !watchers[0].others.has(here.id))
      assert.ok(watchers[1].others.has(there.id))
      there.insert(0, 'still here')
      await there.saved()
    }))

    test(`a document of ${kind} is left and opened again on the same socket`, { skip: oursOnly }, () => arena(server, async join => {
      const socket = join.socket(kind)
      const stays = join(kind, `stays ${kind}`, { socket })
      await stays.synced()
      const first = join(kind, `leaves ${kind}`, { socket })
      first.insert(0, 'first')
      await first.saved()
      first.end()
      const second = join(kind, `leaves ${kind}`, { socket })
      await second.shows('first')
      second.append(' second')
      await second.saved()
      stays.insert(0, 'still here')
      await stays.saved()
      assert.equal(socket.journal.opened, 1)
    }))
  })
}

test('two providers of one document share a socket by session awareness', () => arena(server, async join => {
  const socket = join.socket('hocuspocus-4')
  const options = { socket, provider: { sessionAwareness: true } }
  const [ann, bob] = [join('hocuspocus-4', 'sessions', options), join('hocuspocus-4', 'sessions', options)]
  await ann.synced()
  await bob.synced()
  ann.insert(0, 'from the first')
  await bob.shows('from the first')
  bob.append(', from the second')
  await ann.shows('from the first, from the second')
  await ann.saved()
  await bob.saved()
}))

test('hocuspocus-4 with flushDelay sends batches, and each is acknowledged', () => arena(server, async join => {
  const ann = join('hocuspocus-4', 'flush', { provider: { flushDelay: 50 } })
  await ann.synced()
  for (let i = 0; i < 100; i++) ann.append('x')
  await ann.saved()
  const bob = join('hocuspocus-4', 'flush')
  await bob.shows('x'.repeat(100))
  assert.ok(ann.journal.sent < 20)
}))

for (const kind of websocketClients) {
  test(`a reader's token lets ${kind} read and not write`, { skip: oursOnly }, () => arena(server, async join => {
    const name = `read only ${kind}`
    const ann = join('hocuspocus-4', name, { token: await server.token(name, { access: 'write' }) })
    ann.insert(0, 'only Ann writes')
    await ann.saved()
    const bob = join(kind, name, { token: await server.token(name, { access: 'read' }) })
    await bob.shows('only Ann writes')
    bob.insert(0, 'Bob tries ')
    await until('Bob is told', () => bob.denials.length >= 1)
    await never('what a reader writes reaches the others', () => ann.text !== 'only Ann writes', { during: 500 })
    assert.equal(bob.opened, 1)
  }))
}

test('rc.5 is green within 500 ms of each edit', { skip: oursOnly }, () => arena(server, async join => {
  const ann = join('y-websocket-rc5', 'green')
  await ann.synced()
  await until('it starts green', () => ann.green)
  for (let i = 0; i < 20; i++) {
    const start = performance.now()
    ann.append(`edit ${i} `)
    ann.delete(0, 1)
    await until('rc.5 is green again', () => ann.green, { within: 500 })
    assert.ok(performance.now() - start < 500)
  }
}))

