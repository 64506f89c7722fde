// Bad input at the socket: what is truncated, too large, hostile or out of turn is refused with a reason,
// the others in the room notice nothing, and the server neither falls nor grows.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, afterEach, before, describe, test } from 'node:test'
import * as Y from 'yjs'
import { connect } from './kit/clients.mjs'
import * as people from './kit/people.mjs'
import { random } from './kit/random.mjs'
import { Server, oursOnly } from './kit/server.mjs'
import * as u from './kit/update.mjs'
import { never, until } from './kit/wait.mjs'
import { RawHocuspocus, RawYjs, bytes, sized } from './kit/wire.mjs'

const ROOM = 'attacked'
// Everything below together; a debug build with its buffers. One message of the table once took 2.5 GB.
const GROWTH_MIB = 192
const DIALECTS = ['hocuspocus', 'y-websocket']

let server
let witnesses
let expected
let firstMiB
let shortLived

before(async () => {
  if (oursOnly) return
  server = await Server.start()
  witnesses = [connect('hocuspocus-4', server, ROOM), connect('y-websocket-31', server, ROOM)]
  for (const one of witnesses) {
    await one.synced()
    one.heard = 0
    one.doc.on('update', () => one.heard++)
  }
  expected = 'Honest text. '
  witnesses[0].insert(0, expected)
  for (const one of witnesses) await one.shows(expected)
  await calm()
  shortLived = await server.token('tokens', { user: people.eve, ttl: '1s' })
  firstMiB = server.residentMiB()
})

after(async () => {
  for (const one of witnesses ?? []) one.end()
  await server?.end()
})

/** The witnesses are where they were, on the same socket, and can write and save. */
async function calm () {
  const mark = '.'
  for (const one of witnesses) {
    expected += mark
    one.append(mark)
    for (const other of witnesses) await other.shows(expected)
    await one.saved()
    assert.equal(one.opened, 1, `${one.kind} had to reconnect`)
  }
}

afterEach(async () => {
  if (oursOnly) return
  assert.equal(server.child.over, undefined, `the server has ended:\n${server.log.slice(-3000)}`)
  await calm()
  const grown = server.residentMiB() - firstMiB
  assert.ok(grown < GROWTH_MIB, `the server has grown by ${grown.toFixed(0)} MiB`)
})

/** Headers of the page of a demo person who has signed in. */
async function signedIn (own) {
  const { people } = await (await fetch(`${own.http}/auth/demo`)).json()
  const agent = people.find(person => person.role === 'agent')
  const headers = { 'content-type': 'application/json', origin: own.http }
  const answer = await fetch(`${own.http}/auth/demo`, { method: 'POST', headers, body: JSON.stringify({ id: agent.id }) })
  return { cookie: answer.headers.get('set-cookie').split(';')[0], origin: own.http }
}

let visitors = 0
/** Somebody with the right to write, in either dialect, who speaks by hand. */
async function visitor (dialect, name = ROOM, options = {}) {
  const id = 500_000 + ++visitors
  if (dialect === 'y-websocket') {
    const raw = await RawYjs.open(server, encodeURIComponent(name), options)
    await raw.hello()
    return {
      id,
      raw,
      update: bytes => raw.update(bytes),
      step1: vector => raw.step1(vector),
      step2: bytes => raw.step2(bytes),
      frame: (...parts) => raw.send(...parts),
      awareness: payload => raw.send(1, sized(payload)),
      refusals: () => raw.of('denied').map(m => m.reason),
      end: () => raw.end()
    }
  }
  const raw = await RawHocuspocus.open(server, options)
  await raw.hello(name, options.token)
  await raw.got('status', { name })
  return {
    id,
    raw,
    update: bytes => raw.update(name, bytes),
    step1: vector => raw.step1(name, vector),
    step2: bytes => raw.step2(name, bytes),
    frame: (...parts) => raw.send(name, ...parts),
    awareness: payload => raw.send(name, 1, sized(payload)),
    refusals: () => raw.of('status', name).filter(m => m.stored === 0).map(() => 'refused'),
    end: () => raw.end()
  }
}

/** The update is refused, told so on a socket that stays open, and reaches nobody. */
async function refused (dialect, update, how = 'update') {
  const eve = await visitor(dialect)
  const heard = witnesses.map(one => one.heard)
  eve[how](update)
  await until(`the refusal is told (${dialect}); so far ${JSON.stringify(eve.raw.messages.slice(-3))}, ${JSON.stringify(eve.raw.closed)}`, () => eve.refusals().length > 0)
  assert.ok(eve.raw.open, 'the socket stays open')
  if (dialect === 'y-websocket') assert.match(eve.refusals()[0], /\S/)
  await never('it reaches the others', () => witnesses.some((one, i) => one.heard > heard[i]), { during: 100 })
  eve.end()
}

/** Answered or not, taken or not: nothing but the sender may suffer. */
async function harmless (dialect, act) {
  const eve = await visitor(dialect)
  await act(eve)
  // What follows on the same socket or on a new one is still served.
  if (eve.raw.open) eve.step1()
  await until('it is answered, refused or closed', () => !eve.raw.open || eve.raw.messages.length > 0)
  eve.end()
}

const id = 777_777
const oneString = u.update([[id, 0, [u.string(u.under('text'), 'x')]]])
const vectorOfHell = Uint8Array.of(0xff, 0xff, 0xff, 0x7f)

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
      const eve = await visitor(dialect)
      for (let n = 0; n < whole.length; n++) eve.update(whole.subarray(0, n))
      await until('each is refused', () => eve.refusals().length === whole.length)
      assert.ok(eve.raw.open)
      eve.end()
    })

    test('a chain of nested types 10,000 deep, a few at a time, ends in a refusal and hurts nobody', () => harmless(dialect, async eve => {
      for (let at = 0; at < 10_000; at += 100) eve.update(u.update([[id, at, u.nestedTypes(id, 100, at, 'deep')]]))
      await until('it is refused at some depth', () => eve.refusals().length > 0 || !eve.raw.open)
    }))

    test('a chain of nested types that hides behind origins hurts nobody', () => harmless(dialect, async eve => {
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
      const eve = await visitor(dialect)
      const doc = new Y.Doc()
      doc.clientID = eve.id
      doc.getMap('nested').set('editor', new Y.Doc({ guid: 'a-guid' }))
      eve.update(Y.encodeStateAsUpdate(doc))
      await until('the others see it', () => witnesses.every(one => one.doc.getMap('nested').get('editor')?.guid === 'a-guid'))
      assert.deepEqual(eve.refusals(), [])
      eve.end()
    })

    test('s10_gaps without end are held in bounds, and asked for once', () => harmless(dialect, async eve => {
      const before = eve.raw.count('step1')
      for (let i = 0; i < 3000; i++) eve.update(u.update([[1_000_000 + i, 5, [u.string(u.behind(2_000_000 + i, 9), 'pending '.repeat(50))]]]))
      eve.step1()
      await until('it is heard', () => eve.raw.count('step2') > 1 || !eve.raw.open, { within: 20_000 })
      assert.ok(eve.raw.count('step1') - before <= 2, `asked ${eve.raw.count('step1') - before} times`)
    }))

    test('equivocating clients hurt nobody', () => harmless(dialect, async eve => {
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
      const late = connect('hocuspocus-4', server, ROOM)
      await late.synced()
      for (const root of ['Honest text.']) await until('the honest letters are in it', () => late.text.includes(root))
      late.end()
      expected = witnesses[0].text
    }))
  })

  describe(`hostile frames, ${dialect}`, { skip: oursOnly }, () => {
    test('a state vector and an awareness message with huge counts are refused', () => harmless(dialect, async eve => {
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
        const eve = await visitor(dialect)
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
        const eve = await visitor(dialect)
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
      const eve = await visitor(dialect)
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

describe('out of turn, Hocuspocus', { skip: oursOnly }, () => {
  test('s13_nothing acts before the token is judged', async () => {
    const raw = await RawHocuspocus.open(server)
    const heard = witnesses.map(one => one.heard)
    raw.step1(ROOM)
    raw.update(ROOM, oneString)
    raw.awareness(ROOM, [id, 1, { user: { name: 'Eve' } }])
    raw.send(ROOM, 3)
    await never('the server answers, or the others notice', () => raw.messages.length > 0 || witnesses.some((one, i) => one.heard > heard[i] || one.others.has(id)), { during: 500 })
    assert.ok(raw.open)
    raw.auth(ROOM, 'nonsense')
    const { reason } = await raw.got('denied')
    assert.match(reason, /^[a-z-]+$/)
    await never('what was refused acts afterwards', () => raw.count('step2') > 0 || witnesses.some((one, i) => one.heard > heard[i]), { during: 300 })
    assert.ok(raw.open)
    raw.end()
  })

  test('s13_a flood before the token is judged costs nothing and is owed', async () => {
    const raw = await RawHocuspocus.open(server)
    const start = server.residentMiB()
    const doc = new Y.Doc()
    doc.getText('text').insert(0, 'x'.repeat(1000))
    const update = Y.encodeStateAsUpdate(doc)
    raw.step1('flooded')
    for (let i = 0; i < 10_000; i++) raw.update('flooded', update)
    raw.auth('flooded')
    for (let i = 0; i < 10_000; i++) raw.update('flooded', update)
    await raw.got('authenticated')
    await raw.got('step1')
    raw.step2('flooded', update)
    await until('every update and the step 2 are acknowledged', () => raw.of('status').filter(m => m.stored === 1).length === 20_001, { within: 20_000 })
    assert.ok(raw.open)
    assert.ok(server.residentMiB() - start < 64)
    raw.end()
  })

  test('messages for a document that was never opened, or was left, go nowhere', async () => {
    const eve = await visitor('hocuspocus')
    const heard = witnesses.map(one => one.heard)
    eve.frame(7)
    eve.update(oneString)
    eve.raw.update('never opened', oneString)
    eve.raw.send('never opened', 7)
    await never('it reaches the others', () => witnesses.some((one, i) => one.heard > heard[i]), { during: 200 })
    assert.ok(eve.raw.open)
    eve.end()
  })

  test('a broadcast and a reply of the server\'s own kind are refused', async () => {
    for (const type of [4, 6, 8]) {
      const eve = await visitor('hocuspocus')
      const heard = witnesses.map(one => one.stateless?.length ?? 0)
      eve.frame(type, type === 4 ? bytes(2, sized(u.update([[id, 0, [bytes(Uint8Array.of(11))]]]))) : type === 6 ? 'hello all' : 1)
      await never('it reaches the others', () => witnesses.some((one, i) => (one.stateless?.length ?? 0) > heard[i]), { during: 150 })
      eve.end()
    }
  })

  test('pings and pongs of version 4 are no names', async () => {
    const eve = await visitor('hocuspocus')
    for (let i = 0; i < 10; i++) eve.raw.socket.send(Uint8Array.of(i % 2 ? 9 : 10))
    eve.step1()
    await eve.raw.got('step2', { nth: 2 })
    assert.ok(eve.raw.open)
    eve.end()
  })

  test('s18_more documents on one socket than are allowed are refused one by one', async () => {
    const own = await Server.start({ config: '[limits]\ndocuments_per_socket = 5\n' })
    const raw = await RawHocuspocus.open(own)
    for (let i = 0; i < 8; i++) raw.auth(`d${i}`).step1(`d${i}`)
    await until('three are refused', () => new Set(raw.of('denied').map(m => m.name)).size === 3)
    await until('five are open', () => raw.count('step2') === 5)
    assert.ok(raw.open)
    raw.end()
    await own.end()
  })
})

describe('names', { skip: oursOnly }, () => {
  const names = { 'an empty name': '', 'a name of 600 bytes': 'n'.repeat(600), 'a name of 300 letters of two bytes': 'é'.repeat(300) }
  for (const [what, name] of Object.entries(names)) {
    test(`${what} is refused in both dialects`, async () => {
      const raw = await RawHocuspocus.open(server)
      raw.auth(name).step1(name)
      await until('it is refused', () => raw.count('denied') === 1 || raw.closed)
      assert.ok(raw.open, 'the socket stays open')
      raw.end()
      const yjs = await RawYjs.open(server, encodeURIComponent(name))
      await until('it is refused', () => yjs.rejected !== undefined || yjs.count('denied') > 0)
      if (yjs.rejected) assert.ok([400, 403, 404, 414].includes(yjs.rejected), `HTTP ${yjs.rejected}`)
      yjs.end()
    })
  }

  test('a name that is not UTF-8 hurts nobody', async () => {
    const raw = await RawHocuspocus.open(server)
    raw.socket.send(Uint8Array.of(3, 0xff, 0xfe, 0xfd, 2, 0, 0))
    raw.send(ROOM, 2, 0, '')
    await until('it is refused', () => raw.closed || raw.count('authenticated') > 0)
    raw.end()
    for (const path of ['%FF%FE', '%00', '%', '%zz', '..%2f..%2fetc']) {
      const yjs = await RawYjs.open(server, path)
      await until(`${path} is opened or refused`, () => yjs.open || yjs.rejected !== undefined)
      if (yjs.rejected) assert.ok(yjs.rejected < 500, `HTTP ${yjs.rejected}`)
      yjs.end()
    }
  })
})

describe('tokens', { skip: oursOnly }, () => {
  const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { sub: people.eve, doc: 'tokens', access: 'write', iat: 1_700_000_000, exp: 4_000_000_000 }
  const signed = (key, header = { alg: 'HS256', typ: 'JWT' }, body = claims) => {
    const text = `${encode(header)}.${encode(body)}`
    return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
  }

  const bad = {
    'nonsense': async () => 'nonsense',
    'three dots': async () => '...',
    'a token without a signature': async () => `${encode({ alg: 'none' })}.${encode(claims)}.`,
    'a token signed with another key': async () => signed('another key'),
    'a token signed with an empty key': async () => signed(''),
    'a token for another document': async () => server.token('another document', { user: people.eve }),
    'a token that has expired': async () => {
      const token = shortLived
      const { exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
      await until('the token has expired, and the leeway for clocks that differ too', () => Date.now() / 1000 > exp + 31, { within: 90_000 })
      return token
    },
    'a token with a changed claim': async () => {
      const [head, body, signature] = (await server.token('tokens', { access: 'read', user: people.eve })).split('.')
      const changed = { ...JSON.parse(Buffer.from(body, 'base64url')), access: 'write' }
      return `${head}.${encode(changed)}.${signature}`
    },
    'a token of a megabyte': async () => 'x'.repeat(1_000_000)
  }
  for (const [what, make] of Object.entries(bad)) {
    test(`${what} is refused with a reason on a socket that stays open, or with 403 before the upgrade`, async () => {
      const token = await make()
      const raw = await RawHocuspocus.open(server)
      raw.auth('tokens', token).step1('tokens')
      if (token.length < 100_000) {
        const { reason } = await raw.got('denied')
        assert.match(reason, /^[a-z-]+$/)
        await never('it is served all the same', () => raw.count('step2') > 0, { during: 100 })
        assert.ok(raw.open)
      } else {
        await until('it is refused', () => raw.closed || raw.count('denied') > 0)
      }
      raw.end()
      if (token.length > 60_000) return
      const yjs = await RawYjs.open(server, 'tokens', { token })
      await until('it is refused', () => yjs.rejected !== undefined || yjs.count('denied') > 0)
      if (yjs.rejected !== undefined) assert.equal(yjs.rejected, 403)
      else assert.ok(yjs.open)
      yjs.end()
    })
  }

  test('a token of a reader can neither write nor delete, in either dialect', async () => {
    const name = 'tokens of readers'
    const write = await server.token(name, { user: people.ann })
    const ann = connect('hocuspocus-4', server, name, { token: write })
    ann.insert(0, 'Ann')
    await ann.saved()
    const read = await server.token(name, { access: 'read', user: people.eve })
    for (const dialect of DIALECTS) {
      const eve = await visitor(dialect, name, { token: read })
      eve.update(u.update([[eve.id, 0, [u.string(u.under('text'), 'Eve')]]]))
      eve.update(u.update([], [[ann.id, [[0, 3]]]]))
      eve.step2(u.update([], [[ann.id, [[0, 3]]]]))
      await until('each is refused', () => eve.refusals().length >= 3)
      assert.ok(eve.raw.open)
      eve.end()
    }
    assert.equal(ann.text, 'Ann')
    ann.end()
  })
})

describe('without --open', { skip: oursOnly }, () => {
  let closed
  let cookie
  before(async () => {
    if (oursOnly) return
    closed = await Server.start({ mode: '--demo' })
    cookie = (await signedIn(closed)).cookie
  })
  after(() => closed?.end())

  test('s18_more sockets than a person may have are refused, and later ones are let in when some have gone', async () => {
    const own = await Server.start({ mode: '--demo', config: '[limits]\nsockets_per_person = 5\n' })
    const headers = await signedIn(own)
    const { items } = await (await fetch(`${own.http}/api/v1/documents`, { headers })).json()
    const path = encodeURIComponent(items[0].room)
    const all = []
    for (let i = 0; i < 8; i++) all.push(i % 2 ? await RawYjs.open(own, path, { headers }) : await RawHocuspocus.open(own, { headers }))
    await until('three are refused', () => all.filter(raw => [429, 503].includes(raw.rejected) || raw.closed?.code === 1013).length === 3)
    assert.equal(all.filter(raw => raw.open).length, 5)
    for (const raw of all) raw.end()
    await until('there is room again', async () => {
      const raw = await RawYjs.open(own, path, { headers })
      if (!raw.open) return false
      await raw.hello()
      raw.end()
      return true
    })
    await own.end()
  })

  test('nobody in particular may open nothing', async () => {
    const raw = await RawHocuspocus.open(closed)
    if (raw.open) {
      raw.auth('anything').step1('anything')
      await raw.got('denied')
      assert.equal(raw.count('step2'), 0)
    }
    raw.end()
    const yjs = await RawYjs.open(closed, 'anything')
    await until('it is refused', () => yjs.rejected === 403 || yjs.count('denied') > 0)
    yjs.end()
  })

  test('the login cookie opens the person\'s documents, from our own page only', async () => {
    const { items } = await (await fetch(`${closed.http}/api/v1/documents`, { headers: { cookie } })).json()
    const { room } = items[0]
    const home = await RawHocuspocus.open(closed, { headers: { cookie, origin: closed.http } })
    home.auth(room).step1(room)
    await home.got('step2')
    home.end()
    for (const origin of ['https://evil.example', 'null', `${closed.http}.evil.example`, 'http://127.0.0.1:1']) {
      const away = await RawHocuspocus.open(closed, { headers: { cookie, origin } })
      if (away.open) {
        away.auth(room).step1(room)
        await away.got('denied')
        assert.equal(away.count('step2'), 0)
      } else assert.equal(away.rejected, 403)
      away.end()
      const yjs = await RawYjs.open(closed, encodeURIComponent(room), { headers: { cookie, origin } })
      await until('it is refused', () => yjs.rejected === 403 || yjs.count('denied') > 0)
      yjs.end()
    }
  })

  test('s12_a lineage that does not exist is denied in both dialects', async () => {
    const { items } = await (await fetch(`${closed.http}/api/v1/documents`, { headers: { cookie } })).json()
    const headers = { cookie, origin: closed.http }
    for (const name of [`${items[0].room}@2`, `${items[0].room}@0`, `${items[0].room}@x`]) {
      const raw = await RawHocuspocus.open(closed, { headers })
      raw.auth(name).step1(name)
      await raw.got('denied')
      assert.equal(raw.count('step2'), 0)
      raw.end()
      const yjs = await RawYjs.open(closed, encodeURIComponent(name), { headers })
      await until('it is refused', () => yjs.rejected === 403 || yjs.count('denied') > 0)
      yjs.end()
    }
  })

  test('s12_the seeded documents hold their text once, however often the server starts', async () => {
    const { items } = await (await fetch(`${closed.http}/api/v1/documents`, { headers: { cookie } })).json()
    const read = async room => {
      const raw = await RawHocuspocus.open(closed, { headers: { cookie, origin: closed.http } })
      raw.auth(room).step1(room)
      await raw.got('step2')
      const text = raw.document(room).getXmlFragment('default').toString()
      raw.end()
      return text
    }
    const before = []
    for (const { room } of items) before.push(await read(room))
    assert.ok(before.some(text => text.length > 100))
    await closed.crash()
    await closed.crash()
    for (const [i, { room }] of items.entries()) assert.equal(await read(room), before[i])
  })
})

describe('letters in another person\'s name', { skip: oursOnly }, () => {
  for (const dialect of DIALECTS) {
    const setUp = async what => {
      const name = `${what} ${dialect}`
      const ann = connect('hocuspocus-4', server, name, { token: await server.token(name, { user: people.ann }) })
      ann.say({ user: { name: 'Ann' } })
      ann.insert(0, 'Ann wrote this.')
      await ann.saved()
      const bob = connect('y-websocket-31', server, name, { token: await server.token(name, { user: people.bob }) })
      await bob.shows('Ann wrote this.')
      await until('Bob sees Ann', () => bob.others.has(ann.id))
      const eve = await visitor(dialect, name, { token: await server.token(name, { user: people.eve }) })
      const forged = u.update([[ann.id, ann.length, [u.string(u.behind(ann.id, ann.length - 1), ' And Eve this.')]]])
      return { name, ann, bob, eve, forged, end: () => { ann.end(); bob.end(); eve.end() } }
    }

    test(`s16_${dialect}: while the person is here, forged letters are refused and she is not disturbed`, async () => {
      const { name, ann, bob, eve, forged, end } = await setUp('live')
      eve.update(forged)
      await until('the forgery is refused', () => eve.refusals().length > 0)
      assert.ok(eve.raw.open)
      ann.append(' And this.')
      await ann.saved()
      await bob.shows('Ann wrote this. And this.')
      const fresh = connect('hocuspocus-3', server, name, { token: await server.token(name, { user: people.bob }) })
      await fresh.synced()
      await fresh.shows('Ann wrote this. And this.')
      assert.equal(ann.opened, 1)
      fresh.end()
      end()
    })

    test(`s16_${dialect}: while the person is here, nobody else can take her place in presence`, async () => {
      const { ann, bob, eve, end } = await setUp('presence')
      eve.awareness(bytes(1, ann.id, 100, JSON.stringify({ user: { name: 'Eve' }, cursor: 666 })))
      eve.awareness(bytes(1, ann.id, 101, 'null'))
      await never('Bob sees somebody else in her place', () => !bob.others.has(ann.id) || bob.others.get(ann.id).cursor === 666, { during: 500 })
      ann.say({ user: { name: 'Ann' }, cursor: 1 })
      await until('Bob sees Ann move', () => bob.others.get(ann.id)?.cursor === 1)
      end()
    })

    test(`s16_${dialect}: when the person is gone, letters under her id are taken and recorded as brought by the forger`, async () => {
      const { name, ann, bob, eve, forged, end } = await setUp('absent')
      const annId = ann.id
      ann.end()
      await until('Ann is gone', () => !bob.others.has(annId))
      eve.update(forged)
      await bob.shows('Ann wrote this. And Eve this.')
      // Who wrote what is in the log's rows until a snapshot takes them in.
      bob.doc.getText('much').insert(0, 'x'.repeat(400_000))
      const id = Buffer.from(people.eve.replaceAll('-', ''), 'hex')
      await until('it is recorded under Eve\'s name', () => server.rows(
        'select a.* from attributions a join documents d on d.id = a.document_id where d.name = ? and a.person_id = ?', name, id)
        .some(row => Number(row.client_id) === annId && Number(row.brought) === 1), { within: 20_000 })
      end()
    })
  }
})
