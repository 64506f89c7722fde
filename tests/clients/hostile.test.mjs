// Bad input at the socket: what is cut short, too large or hostile is refused with a reason, the others in the
// room notice nothing, and the server neither falls nor grows.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as Y from 'yjs'
import { DIALECTS, ROOM, underAttack } from './kit/attack.mjs'
import { connect } from './kit/clients.mjs'
import { random } from './kit/random.mjs'
import { Server, oursOnly } from './kit/server.mjs'
import * as u from './kit/update.mjs'
import { never, until } from './kit/wait.mjs'
import { RawHocuspocus, RawYjs, bytes } from './kit/wire.mjs'

const room = underAttack()
const id = 777_777
const oneString = u.update([[id, 0, [u.string(u.under('text'), 'x')]]])
const vectorOfHell = Uint8Array.of(0xff, 0xff, 0xff, 0x7f)

/** The update is refused, told so on a socket that stays open, and reaches nobody. */
async function refused (dialect, update, how = 'update') {
  const eve = await room.visitor(dialect)
  const noticed = room.watch()
  eve[how](update)
  await until(`the refusal is told (${dialect}); so far ${JSON.stringify(eve.raw.messages.slice(-3))}, ${JSON.stringify(eve.raw.closed)}`, () => eve.refusals().length > 0)
  assert.ok(eve.raw.open, 'the socket stays open')
  if (dialect === 'y-websocket') assert.match(eve.refusals()[0], /\S/)
  await never('it reaches the others', () => noticed(), { during: 100 })
  eve.end()
}

for (const dialect of DIALECTS) {
  describe(`hostile updates, ${dialect}`, { skip: oursOnly }, () => {
    const cases = {
      'a value nested 10,000 deep': u.update([[id, 0, [u.any(u.under('text'), u.nestedArrays(10_000))]]]),
      'a value nested 100 deep': u.update([[id, 0, [u.any(u.under('text'), u.nestedArrays(100))]]]),
      'maps with huge declared counts': u.update([[id, 0, [u.any(u.under('text'), u.greedyMaps(350))]]]),
      'a huge count of values': u.update([[id, 0, [bytes(Uint8Array.of(8), u.under('text').place, vectorOfHell)]]]),
      'a huge count of sections': vectorOfHell,
      'a huge count of structs': bytes(1, vectorOfHell, id, 0),
      'a huge count of deletes': bytes(0, vectorOfHell),
      'a huge count of delete ranges': bytes(0, 1, id, vectorOfHell),
      'types nested 10,000 deep in one update': u.update([[id, 0, u.nestedTypes(id, 10_000)]]),
      'a clock at 2^31 - 1': u.update([[id, 2 ** 31 - 1, [u.string(u.under('text'), 'xx')]]]),
      'a clock at 2^32 - 1': u.update([[id, 2 ** 32 - 1, [u.string(u.under('text'), 'x')]]]),
      'a clock at 2^53 - 1': u.update([[id, 2 ** 53 - 1, [u.string(u.under('text'), 'x')]]]),
      'a length of 2^31': u.update([[id, 0, [u.deleted(u.under('text'), 2 ** 31)]]]),
      'a GC of 2^32 - 1': u.update([[id, 0, [u.gc(2 ** 32 - 1)]]]),
      'a delete up to 2^32': u.update([], [[id, [[0, 2 ** 32]]]]),
      'the retired ContentJSON': u.update([[id, 0, [u.json(u.under('text'), '{"a":1}')]]]),
      'an XmlHook': u.update([[id, 0, [u.type(u.under('page'), 5, 'hook')]]]),
      'a shared type of unknown kind': u.update([[id, 0, [u.type(u.under('page'), 99)]]]),
      'a content of unknown kind': u.update([[id, 0, [bytes(Uint8Array.of(11), u.under('text').place)]]]),
      'a struct of no length': u.update([[id, 0, [u.string(u.under('text'), '')]]]),
      'a text that is not UTF-8': u.update([[id, 0, [bytes(Uint8Array.of(4), u.under('text').place, 2, Uint8Array.of(0xc3, 0x28))]]]),
      'an embed that is not JSON': u.update([[id, 0, [u.embed(u.under('text'), '{"a":')]]]),
      'two sections of one client': u.update([[id, 0, [u.string(u.under('text'), 'a')]], [id, 1, [u.string(u.under('text'), 'b')]]]),
      'trailing bytes': bytes(oneString, 1, 2, 3),
      'no bytes at all': new Uint8Array(),
      'a struct that hangs on itself': u.update([[id, 0, [u.string(u.behind(id, 0), 'x')]]]),
      'a type inside itself': u.update([[id, 0, [u.type(u.inside(id, 0), 0)]]]),
      'random bytes': random(4242).bytes(3000)
    }
    for (const [what, update] of Object.entries(cases)) {
      test(`s18_${what} is refused with a reason`, () => refused(dialect, update))
    }
    for (const what of ['a value nested 10,000 deep', 'a clock at 2^31 - 1', 'trailing bytes']) {
      test(`s18_${what} is refused in a step 2 too`, () => refused(dialect, cases[what], 'step2'))
    }

    test('s18_an update cut short is refused, wherever it is cut', async () => {
      const doc = new Y.Doc()
      doc.getText('text').insert(0, 'some text')
      doc.getMap('map').set('key', { deep: [1, 'two', null] })
      doc.getText('text').delete(2, 2)
      const whole = Y.encodeStateAsUpdate(doc)
      const eve = await room.visitor(dialect)
      for (let n = 0; n < whole.length; n++) eve.update(whole.subarray(0, n))
      await until('each is refused', () => eve.refusals().length === whole.length)
      assert.ok(eve.raw.open)
      eve.end()
    })

    test('a chain of nested types 10,000 deep, a few at a time, ends in a refusal and hurts nobody', () => room.harmless(dialect, async eve => {
      for (let at = 0; at < 10_000; at += 100) eve.update(u.update([[id, at, u.nestedTypes(id, 100, at, 'deep')]]))
      await until('it is refused at some depth', () => eve.refusals().length > 0 || !eve.raw.open)
    }))

    test('a chain of nested types that hides behind origins hurts nobody', () => room.harmless(dialect, async eve => {
      // Each level: a first item, a type behind it (an item with an origin names no parent), and so on inside.
      const mine = eve.id
      const structs = [u.any(u.under('hidden'), u.number(1)), u.type(u.behind(mine, 0), 0)]
      for (let level = 1; level < 3000; level++) {
        structs.push(u.any(u.inside(mine, 2 * level - 1), u.number(1)), u.type(u.behind(mine, 2 * level), 0))
      }
      eve.update(u.update([[mine, 0, structs]]))
      await until('it is refused', () => eve.refusals().length > 0 || !eve.raw.open)
    }))

    test('sub-documents are taken: some editors make them', async () => {
      const eve = await room.visitor(dialect)
      const doc = new Y.Doc()
      doc.clientID = eve.id
      doc.getMap('nested').set('editor', new Y.Doc({ guid: 'a-guid' }))
      eve.update(Y.encodeStateAsUpdate(doc))
      await until('the others see it', () => room.witnesses.every(one => one.doc.getMap('nested').get('editor')?.guid === 'a-guid'))
      assert.deepEqual(eve.refusals(), [])
      eve.end()
    })

    test('s10_gaps without end are held in bounds, and asked for once', () => room.harmless(dialect, async eve => {
      const before = eve.raw.count('step1')
      for (let i = 0; i < 3000; i++) eve.update(u.update([[1_000_000 + i, 5, [u.string(u.behind(2_000_000 + i, 9), 'pending '.repeat(50))]]]))
      eve.step1()
      await until('it is heard', () => eve.raw.count('step2') > 1 || !eve.raw.open, { within: 20_000 })
      assert.ok(eve.raw.count('step1') - before <= 2, `asked ${eve.raw.count('step1') - before} times`)
    }))

    test('equivocating clients hurt nobody', () => room.harmless(dialect, async eve => {
      const rng = random(99)
      for (let i = 0; i < 400; i++) {
        const client = 3_000_000 + rng.below(3)
        const clock = rng.below(12)
        const where = rng.chance(40) ? u.under('text') : rng.chance(50)
          ? u.behind(3_000_000 + rng.below(3), rng.below(14))
          : u.inside(3_000_000 + rng.below(3), rng.below(14))
        const struct = rng.chance(40) ? u.string(where, rng.pick(['a', 'bc', 'def'])) : rng.chance(50) ? u.type(where, rng.below(3)) : u.any(where, u.number(i))
        const section = rng.chance(20) ? [u.skip(1 + rng.below(3)), struct] : [struct]
        eve.update(u.update([[client, clock, section]], rng.chance(30) ? [[client, [[rng.below(9), 1 + rng.below(9)]]]] : []))
      }
      eve.step1()
      await until('it is heard', () => eve.raw.count('step2') > 1 || !eve.raw.open, { within: 20_000 })
      // Whoever comes now gets a document, whatever it holds.
      const late = connect('hocuspocus-4', room.server, ROOM)
      await late.synced()
      for (const root of ['Honest text.']) await until('the honest letters are in it', () => late.text.includes(root))
      late.end()
      room.expected = room.witnesses[0].text
    }))
  })

  describe(`hostile frames, ${dialect}`, { skip: oursOnly }, () => {
    test('a state vector and an awareness message with huge counts are refused', () => room.harmless(dialect, async eve => {
      for (let i = 0; i < 20; i++) {
        if (!eve.raw.open) break
        eve.step1(vectorOfHell)
        eve.awareness(vectorOfHell)
      }
    }))

    test('frames cut short, of unknown type or out of turn hurt only their sender', async () => {
      const frames = [
        [], [0], [0, 0], [0, 1], [0, 2], [0, 9, 1, 0], [1], [1, 200], [2], [2, 0], [2, 0, 200], [2, 9], [4], [6, 1, 65], [8, 1], [9, 9], [99],
        [0, 2, 200, 1, 2, 3], [1, 4, 255, 255, 255, 127], [255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255], [0, 0, 4, 255, 255, 255, 127]
      ]
      for (const frame of frames) {
        const eve = await room.visitor(dialect)
        eve.frame(Uint8Array.from(frame))
        eve.step1()
        await until(`frame [${frame}] is answered or the socket is closed`, () => !eve.raw.open || eve.raw.count('step2') > 1)
        if (eve.raw.closed) assert.ok([1002, 1003, 1007, 1008, 1009].includes(eve.raw.closed.code), `frame [${frame}]: closed with ${eve.raw.closed.code}`)
        eve.end()
      }
    })

    test('random frames hurt only their sender', async () => {
      const rng = random(7)
      for (let i = 0; i < 60; i++) {
        const eve = await room.visitor(dialect)
        for (let n = 0; n < 20 && eve.raw.open; n++) {
          const noise = rng.bytes(rng.below(60))
          if (rng.chance(50)) eve.frame(noise)
          else eve.raw.socket.send(noise)
        }
        eve.raw.socket.send(Uint8Array.of(9))
        eve.end()
      }
    })

    test('a text frame is refused', async () => {
      const eve = await room.visitor(dialect)
      eve.raw.socket.send('{"hello": "there"}')
      await until('it is closed, or goes on being served', () => {
        if (!eve.raw.open) return true
        eve.step1()
        return eve.raw.count('step2') > 1
      })
      eve.end()
    })

    test('s18_a message larger than a document may be is refused, and memory stays flat', { timeout: 60_000 }, async () => {
      const own = await Server.start({ config: '[limits]\ndocument_bytes = 4194304\nupdate_bytes = 1048576\n' })
      const honest = connect('hocuspocus-4', own, 'large')
      honest.insert(0, 'honest')
      await honest.saved()
      const start = own.residentMiB()
      for (let i = 0; i < 5; i++) {
        const raw = dialect === 'y-websocket' ? await RawYjs.open(own, 'large') : await RawHocuspocus.open(own)
        if (dialect === 'y-websocket') await raw.hello()
        else await raw.hello('large')
        const big = u.update([[900 + i, 0, [u.string(u.under('text'), 'x'.repeat(32 * 1024 * 1024))]]])
        if (dialect === 'y-websocket') raw.update(big)
        else raw.update('large', big)
        await until('it is refused', () => raw.closed || (dialect === 'y-websocket' ? raw.count('denied') > 0 : raw.of('status').some(m => m.stored === 0)), { within: 20_000 })
        raw.end()
      }
      honest.append(' still')
      await honest.saved()
      assert.equal(honest.opened, 1)
      assert.ok(own.residentMiB() - start < 160, `grown by ${own.residentMiB() - start} MiB`)
      honest.end()
      await own.end()
    })
  })
}
