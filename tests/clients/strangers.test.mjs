// People who may not do what they try: out of turn, with a bad name, a bad token, from a foreign page, or in
// another person's name. They are told so, and the others notice nothing.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { before, after, describe, test } from 'node:test'
import * as Y from 'yjs'
import { DIALECTS, ROOM, underAttack } from './kit/attack.mjs'
import { connect } from './kit/clients.mjs'
import * as people from './kit/people.mjs'
import { Server, oursOnly } from './kit/server.mjs'
import * as u from './kit/update.mjs'
import { never, until } from './kit/wait.mjs'
import { RawHocuspocus, RawYjs, bytes, sized } from './kit/wire.mjs'

// Made at the start, so that its time is over when it is needed.
let shortLived
const room = underAttack(async server => { shortLived = await server.token('tokens', { user: people.eve, ttl: '1s' }) })

const id = 777_777
const oneString = u.update([[id, 0, [u.string(u.under('text'), 'x')]]])

/** Headers of the page of a demo person who has signed in. */
async function signedIn (own) {
  const { people } = await (await fetch(`${own.http}/auth/demo`)).json()
  const agent = people.find(person => person.role === 'agent')
  const headers = { 'content-type': 'application/json', origin: own.http }
  const answer = await fetch(`${own.http}/auth/demo`, { method: 'POST', headers, body: JSON.stringify({ id: agent.id }) })
  return { cookie: answer.headers.get('set-cookie').split(';')[0], origin: own.http }
}

describe('out of turn, Hocuspocus', { skip: oursOnly }, () => {
  test('s13_nothing acts before the token is judged', async () => {
    const raw = await RawHocuspocus.open(room.server)
    const noticed = room.watch()
    raw.step1(ROOM)
    raw.update(ROOM, oneString)
    raw.awareness(ROOM, [id, 1, { user: { name: 'Eve' } }])
    raw.send(ROOM, 3)
    await never('the server answers, or the others notice', () => raw.messages.length > 0 || noticed() || room.witnesses.some(one => one.others.has(id)), { during: 500 })
    assert.ok(raw.open)
    raw.auth(ROOM, 'nonsense')
    const { reason } = await raw.got('denied')
    assert.match(reason, /^[a-z-]+$/)
    await never('what was refused acts afterwards', () => raw.count('step2') > 0 || noticed(), { during: 300 })
    assert.ok(raw.open)
    raw.end()
  })

  test('s13_a flood before the token is judged costs nothing and is owed', async () => {
    const raw = await RawHocuspocus.open(room.server)
    const start = room.server.residentMiB()
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
    assert.ok(room.server.residentMiB() - start < 64)
    raw.end()
  })

  test('messages for a document that was never opened, or was left, go nowhere', async () => {
    const eve = await room.visitor('hocuspocus')
    const noticed = room.watch()
    eve.frame(7)
    eve.update(oneString)
    eve.raw.update('never opened', oneString)
    eve.raw.send('never opened', 7)
    await never('it reaches the others', () => noticed(), { during: 200 })
    assert.ok(eve.raw.open)
    eve.end()
  })

  test('a broadcast and a reply of the server\'s own kind are refused', async () => {
    for (const type of [4, 6, 8]) {
      const eve = await room.visitor('hocuspocus')
      const heard = room.witnesses.map(one => one.stateless?.length ?? 0)
      eve.frame(type, type === 4 ? bytes(2, sized(u.update([[id, 0, [bytes(Uint8Array.of(11))]]]))) : type === 6 ? 'hello all' : 1)
      await never('it reaches the others', () => room.witnesses.some((one, i) => (one.stateless?.length ?? 0) > heard[i]), { during: 150 })
      eve.end()
    }
  })

  test('pings and pongs of version 4 are no names', async () => {
    const eve = await room.visitor('hocuspocus')
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
    raw.send(9)
    await raw.got('pong')
    assert.equal(raw.count('denied'), 3, 'each of the three is refused once')
    assert.ok(raw.open)
    raw.end()
    await own.end()
  })
})

describe('names', { skip: oursOnly }, () => {
  const names = { 'an empty name': '', 'a name of 600 bytes': 'n'.repeat(600), 'a name of 300 letters of two bytes': 'é'.repeat(300) }
  for (const [what, name] of Object.entries(names)) {
    test(`${what} is refused in both dialects`, async () => {
      const raw = await RawHocuspocus.open(room.server)
      raw.auth(name).step1(name)
      await until('it is refused', () => raw.count('denied') === 1 || raw.closed)
      assert.ok(raw.open, 'the socket stays open')
      raw.end()
      const yjs = await RawYjs.open(room.server, encodeURIComponent(name))
      await until('it is refused', () => yjs.rejected !== undefined || yjs.count('denied') > 0)
      if (yjs.rejected) assert.ok([400, 403, 404, 414].includes(yjs.rejected), `HTTP ${yjs.rejected}`)
      yjs.end()
    })
  }

  test('a name that is not UTF-8 hurts nobody', async () => {
    const raw = await RawHocuspocus.open(room.server)
    raw.socket.send(Uint8Array.of(3, 0xff, 0xfe, 0xfd, 2, 0, 0))
    raw.send(ROOM, 2, 0, '')
    await until('it is refused', () => raw.closed || raw.count('authenticated') > 0)
    raw.end()
    for (const path of ['%FF%FE', '%00', '%', '%zz', '..%2f..%2fetc']) {
      const yjs = await RawYjs.open(room.server, path)
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
    'a token for another document': async () => room.server.token('another document', { user: people.eve }),
    'a token that has expired': async () => {
      const token = shortLived
      const { exp } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'))
      await until('the token has expired, and the leeway for clocks that differ too', () => Date.now() / 1000 > exp + 31, { within: 90_000 })
      return token
    },
    'a token with a changed claim': async () => {
      const [head, body, signature] = (await room.server.token('tokens', { access: 'read', user: people.eve })).split('.')
      const changed = { ...JSON.parse(Buffer.from(body, 'base64url')), access: 'write' }
      return `${head}.${encode(changed)}.${signature}`
    },
    'a token of a megabyte': async () => 'x'.repeat(1_000_000)
  }
  for (const [what, make] of Object.entries(bad)) {
    test(`${what} is refused with a reason on a socket that stays open, or with 403 before the upgrade`, async () => {
      const token = await make()
      const raw = await RawHocuspocus.open(room.server)
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
      const yjs = await RawYjs.open(room.server, 'tokens', { token })
      await until('it is refused', () => yjs.rejected !== undefined || yjs.count('denied') > 0)
      if (yjs.rejected !== undefined) assert.equal(yjs.rejected, 403)
      else assert.ok(yjs.open)
      yjs.end()
    })
  }

  test('a token of a reader can neither write nor delete, in either dialect', async () => {
    const name = 'tokens of readers'
    const write = await room.server.token(name, { user: people.ann })
    const ann = connect('hocuspocus-4', room.server, name, { token: write })
    ann.insert(0, 'Ann')
    await ann.saved()
    const read = await room.server.token(name, { access: 'read', user: people.eve })
    for (const dialect of DIALECTS) {
      const eve = await room.visitor(dialect, name, { token: read })
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
      const ann = connect('hocuspocus-4', room.server, name, { token: await room.server.token(name, { user: people.ann }) })
      ann.say({ user: { name: 'Ann' } })
      ann.insert(0, 'Ann wrote this.')
      await ann.saved()
      const bob = connect('y-websocket-31', room.server, name, { token: await room.server.token(name, { user: people.bob }) })
      await bob.shows('Ann wrote this.')
      await until('Bob sees Ann', () => bob.others.has(ann.id))
      const eve = await room.visitor(dialect, name, { token: await room.server.token(name, { user: people.eve }) })
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
      const fresh = connect('hocuspocus-3', room.server, name, { token: await room.server.token(name, { user: people.bob }) })
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
      await until('it is recorded under Eve\'s name', () => room.server.rows(
        'select a.* from attributions a join documents d on d.id = a.document_id where d.name = ? and a.person_id = ?', name, id)
        .some(row => Number(row.client_id) === annId && Number(row.brought) === 1), { within: 20_000 })
      end()
    })
  }
})
