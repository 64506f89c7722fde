// The same messages by requests and an event stream, for networks that let no WebSocket through: with the real provider
// over the browser's own class, and by hand.

import assert from 'node:assert/strict'
import net from 'node:net'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import * as Y from 'yjs'
import { arena, hocuspocusClients } from './kit/clients.mjs'
import { letters } from './kit/letters.mjs'
import { RawPosted, byPost, framed, newId } from './kit/posted.mjs'
import { Proxy } from './kit/proxy.mjs'
import { Server, oursOnly } from './kit/server.mjs'
import { never, until } from './kit/wait.mjs'
import { RawYjs, bytes } from './kit/wire.mjs'

const skip = oursOnly
let server
before(async () => { if (!skip) server = await Server.start() })
after(() => server?.end())

/** How many connections take this way, as the server counts them. */
const carried = async own => (await own.metrics())['unisson_sockets{transport="http"}'] ?? 0

describe('the real provider', { skip }, () => {
  for (const kind of hocuspocusClients) {
    test(`${kind}: edits both ways, acknowledged, beside a WebSocket`, () => arena(server, async join => {
      const name = `both ways ${kind}`
      const [slow, other, fast] = [join(kind, name, byPost()), join(kind, name, byPost()), join('y-websocket-31', name)]
      for (const one of [slow, other, fast]) await one.synced()
      slow.insert(0, 'slow ')
      await fast.shows('slow ')
      fast.append('fast ')
      await slow.shows('slow fast ')
      for (let i = 0; i < 100; i++) other.append(`${i} `)
      for (const one of [slow, other, fast]) await one.shows(other.text)
      for (const one of [slow, other, fast]) await one.saved()
      slow.say({ user: { name: 'Slow' } })
      await until('she is seen', () => [fast, other].every(one => one.others.get(slow.id)?.user.name === 'Slow'))
      other.end()
      await until('and who leaves is gone', () => !fast.others.has(other.id))
    }))
  }

  test('several documents share a connection, and each is refused or opened by itself', () => arena(server, async join => {
    const shared = join.socket('hocuspocus-4', byPost())
    const names = Array.from({ length: 12 }, (_, i) => `shared ${i}`)
    const all = names.map(name => join('hocuspocus-4', name, { socket: shared }))
    const denied = join('hocuspocus-4', 'shared and denied', { socket: shared, token: 'nonsense' })
    for (const one of all) await one.synced()
    for (const [i, one] of all.entries()) one.insert(0, `text ${i}`)
    for (const one of all) await one.saved()
    await until('one is denied', () => denied.failures.length > 0)
    for (const [i, name] of names.entries()) await (await join('hocuspocus-3', name).synced()).shows(`text ${i}`)
  }))

  test('megabytes typed offline go up, and a large document comes down, complete at synced', () => arena(server, async join => {
    const doc = new Y.Doc()
    for (let i = 0; i < 3000; i++) doc.getText('text').insert(0, `${i} `.repeat(200))
    const full = doc.getText('text').toString()
    const writer = join('hocuspocus-4', 'large', byPost({ doc }))
    await writer.saved({ within: 60_000 })
    const reader = join('hocuspocus-4', 'large', byPost())
    await reader.synced({ within: 60_000 })
    assert.equal(reader.syncedContents[0].length, full.length)
    assert.equal(reader.text, full)
  }))

  test('s2_saved is saved: killed right after, nothing is gone', async () => {
    const own = await Server.start()
    await arena(own, async join => {
      const [slow, fast] = [join('hocuspocus-4', 'killed', byPost()), join('hocuspocus-4', 'killed')]
      for (let round = 0; round < 3; round++) {
        for (const one of [slow, fast]) await one.synced()
        slow.append('slow ')
        fast.append('fast ')
        for (const one of [slow, fast]) await one.saved()
        await own.crash()
        const fresh = await join('hocuspocus-4', 'killed').synced()
        for (const word of ['slow ', 'fast ']) assert.equal(fresh.text.split(word).length - 1, round + 1)
      }
      for (const one of [slow, fast]) await one.saved()
      await slow.shows(fast.text)
    })
    await own.end()
  })

  test('a stream that is cut again and again is taken up: no frame lost, no connection made anew', () => arena(server, async join => {
    const proxy = join.keep(await Proxy.to(server.port))
    const options = byPost({ port: proxy.port })
    const slow = join('hocuspocus-4', 'cut', options)
    const other = join('hocuspocus-4', 'cut')
    await slow.synced()
    await other.synced()
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 20; i++) {
        other.append(`a${round}.${i} `)
        slow.insert(0, `b${round}.${i} `)
      }
      proxy.cut()
      await until('something comes through again', () => slow.text === other.text)
    }
    await slow.saved()
    await slow.shows(other.text)
    assert.equal(options.post.opened, 1)
    assert.deepEqual(options.post.closes, [])
  }))

  test('a request whose answer is lost is repeated, and taken once', () => arena(server, async join => {
    const proxy = join.keep(await Proxy.to(server.port))
    const options = byPost({ port: proxy.port })
    const slow = join('hocuspocus-4', 'lost answer', options)
    const other = join('hocuspocus-4', 'lost answer')
    await slow.saved()
    await other.synced()
    for (let round = 1; round <= 3; round++) {
      proxy.holdAnswers()
      slow.append('once ')
      await other.shows('once '.repeat(round))
      proxy.cut()
      await slow.saved()
      assert.equal(slow.counters.at(-1), 0)
    }
    await other.shows('once '.repeat(3))
    await slow.shows('once '.repeat(3))
    assert.equal(options.post.opened, 1, 'the same connection all along')
  }))

  test('a network that freezes is found out, and all goes on', { timeout: 120_000 }, () => arena(server, async join => {
    const proxy = join.keep(await Proxy.to(server.port))
    const options = byPost({ port: proxy.port })
    const slow = join('hocuspocus-4', 'frozen', options)
    const other = join('hocuspocus-4', 'frozen')
    await slow.synced()
    await other.synced()
    proxy.freeze()
    slow.append('written into the ice ')
    other.append('meanwhile ')
    await slow.saved({ within: 60_000 })
    await other.shows(slow.text, { within: 60_000 })
  }))

  test('s22_SIGTERM: the stream ends with 1012, the process with 0, and the client lands on the next node', async () => {
    const own = await Server.start()
    await arena(own, async join => {
      const options = byPost()
      const slow = join('hocuspocus-4', 'drain', options)
      const raw = await RawPosted.open(own)
      await raw.hello('drain')
      await raw.got('status')
      await slow.synced()
      for (let i = 0; i < 50; i++) slow.append(`${i} `)
      assert.equal(await own.drain(), 0)
      await until('the stream has said so', () => raw.closed?.code === 1012 && raw.closed.reason === 'restarting')
      await until('the provider has been told', () => options.post.closes[0] === 1012)
      await own.up()
      await slow.saved({ within: 20_000 })
      await (await join('hocuspocus-4', 'drain').synced()).shows(slow.text)
    })
    await own.end()
  })
})

describe('by hand', { skip }, () => {
  test('pieces may be cut anywhere, come twice, and never too early', async () => {
    const raw = await RawPosted.open(server)
    const { updates } = letters(5)
    const stream = framed(bytes('pieces', 2, 0, ''), bytes('pieces', 0, 0, 1, 0), ...updates.map(update => bytes('pieces', 0, 2, update.length, update)))
    assert.equal((await raw.post(stream.subarray(3, 10), { at: 3 })).status, 409)
    for (let at = 0; at < stream.length; at += 7) {
      for (const twice of [at, Math.max(0, at - 5)]) {
        assert.equal((await raw.post(stream.subarray(twice, at + 7), { at: twice })).status, 204)
      }
    }
    await raw.got('status', { nth: updates.length })
    const reader = await RawYjs.open(server, 'pieces')
    await reader.hello()
    assert.equal(reader.document().getText('text').toString(), 'abcde')
    reader.end()
    await raw.end()
  })

  test('a later stream takes the place of an earlier one, behind what it names; what is confirmed is gone', async () => {
    const raw = await RawPosted.open(server)
    await raw.hello('streams')
    const { updates } = letters(6)
    for (const update of updates) raw.update('streams', update)
    await raw.got('status', { nth: 7 })
    const last = raw.seen
    assert.deepEqual(raw.numbers, Array.from({ length: last }, (_, i) => i + 1))
    const before = raw.ended
    raw.numbers = []
    await raw.listen(2)
    await before
    await until('the rest comes again', () => raw.numbers.length === last - 2)
    assert.equal(raw.numbers[0], 3)
    assert.equal((await raw.post(null, { query: `&seen=${last}` })).status, 204)
    const late = await raw.listen(2)
    assert.equal(late.status, 410)
    assert.equal((await late.json()).code, 'too-late-to-resume')
    assert.equal((await raw.listen(last + 1)).status, 400)
    assert.equal((await raw.post(null, { query: `&seen=${last + 1}` })).status, 400)
    await raw.end()
    await raw.over()
  })

  test('whoever stays away too long comes back to nothing', { timeout: 90_000 }, async () => {
    const raw = await RawPosted.open(server)
    await raw.hello('away')
    const witness = await RawPosted.open(server)
    await witness.hello('away')
    raw.awareness('away', [7, 1, { user: { name: 'Away' } }])
    await until('she is seen', () => witness.count('awareness') > 0)
    raw.stop()
    await raw.ended
    await until('her connection is over', async () => {
      const answer = await raw.ask('?at=0&seen=0', { method: 'POST' })
      return answer.status === 404 && (await answer.json()).code === 'connection-over'
    }, { within: 60_000 })
    const late = await raw.listen()
    assert.equal(late.status, 404)
    await witness.end()
  })

  test('an id that is none, or somebody else\'s, opens nothing; opening twice opens once', async () => {
    const own = await Server.start({ mode: '--demo' })
    const login = async role => {
      const { people: list } = await (await fetch(`${own.http}/auth/demo`)).json()
      const { id } = list.filter(person => person.role === 'agent')[role]
      const answer = await fetch(`${own.http}/auth/demo`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id }) })
      return answer.headers.get('set-cookie').split(';')[0]
    }
    await until('the people are there', async () => (await (await fetch(`${own.http}/auth/demo`)).json()).people.filter(person => person.role === 'agent').length > 1)
    const [ann, bob] = [await login(0), await login(1)]
    for (const id of ['short', 'x'.repeat(65), `${'x'.repeat(30)}%21`]) {
      assert.equal((await new RawPosted(own, { id }).ask('/open', { method: 'POST' })).status, 400, id)
    }
    const unknown = await new RawPosted(own).ask('?at=0', { method: 'POST', headers: { 'accept-language': 'fr' } })
    assert.equal(unknown.status, 404)
    assert.equal(unknown.headers.get('content-type'), 'application/problem+json')
    assert.match((await unknown.json()).title, /^Cette connexion/)
    const id = newId()
    const hers = await RawPosted.open(own, { id, headers: { cookie: ann } })
    assert.equal((await hers.ask('/open', { method: 'POST' })).status, 200)
    assert.equal(await carried(own), 1)
    for (const headers of [{ cookie: bob }, {}]) {
      const his = new RawPosted(own, { id, headers })
      for (const answer of [await his.ask('/open', { method: 'POST' }), await his.ask('/events'), await his.post('x'), await his.ask('', { method: 'DELETE' })]) {
        assert.equal(answer.status, 404)
      }
    }
    const foreign = { cookie: ann, origin: 'https://elsewhere.example' }
    assert.equal((await new RawPosted(own, { headers: foreign }).ask('/open', { method: 'POST' })).status, 403)
    assert.equal((await hers.post('x', { headers: { origin: 'https://elsewhere.example' } })).status, 403)
    await hers.end()
    await hers.over()
    await own.end()
  })

  test('the event stream may not be kept back, kept or changed on its way', async () => {
    const raw = await RawPosted.open(server)
    const answer = await raw.ask('/events', { headers: { 'accept-encoding': 'gzip' } })
    assert.equal(answer.headers.get('content-type'), 'text/event-stream')
    assert.equal(answer.headers.get('content-encoding'), null)
    assert.equal(answer.headers.get('x-accel-buffering'), 'no')
    assert.equal(answer.headers.get('cache-control'), 'no-store, no-transform')
    const [first] = await Promise.all([answer.body.getReader().read()])
    assert.equal(Buffer.from(first.value).toString(), ': open\n\n')
    await raw.end()
  })

  test('s18_a piece or a frame that is too large is refused', async () => {
    const raw = await RawPosted.open(server)
    const large = await raw.post(Buffer.alloc(raw.limits.piece_bytes + 1))
    assert.equal(large.status, 413)
    assert.equal((await large.json()).code, 'too-large')
    // One that does not say beforehand how large it is: the beginning of a frame of 16 MiB.
    let left = raw.limits.piece_bytes + 1
    const untold = new ReadableStream({
      pull (queue) {
        const part = Math.min(left, 64 << 10)
        if (part === 0) return queue.close()
        left -= part
        queue.enqueue(new Uint8Array(part).fill(1, 0, 1))
      }
    })
    assert.equal((await raw.post(untold, { duplex: 'half' })).status, 413)
    await raw.end()
    const other = await RawPosted.open(server)
    await other.post(Buffer.from([0xff, 0xff, 0xff, 0xff]))
    await until('it is closed for that', () => other.closed?.code === 1009)
    await other.over()
  })

  test('s13_before the token is judged so much is kept and no more, and the rest is owed', async () => {
    const raw = await RawPosted.open(server)
    const start = server.residentMiB()
    const doc = new Y.Doc()
    doc.getText('text').insert(0, 'x'.repeat(1000))
    const update = Y.encodeStateAsUpdate(doc)
    raw.step1('flooded by post')
    const frames = Array.from({ length: 400 }, () => bytes('flooded by post', 0, 2, update.length, update))
    for (let i = 0; i < 10; i++) {
      const piece = framed(...frames)
      const at = raw.at
      raw.at += piece.length
      await raw.sending
      assert.equal((await raw.post(piece, { at })).status, 204)
    }
    await never('an answer before the token', () => raw.count('step2') + raw.count('status') > 0, { during: 300 })
    raw.auth('flooded by post')
    await raw.got('step1')
    raw.step2('flooded by post', update)
    await raw.got('status', { nth: 4001, within: 30_000 })
    await never('more than one acknowledgement each', () => raw.count('status') > 4001, { during: 300 })
    assert.ok(raw.of('status').every(message => message.stored === 1))
    assert.ok(server.residentMiB() - start < 64)
    await raw.end()
  })

  test('s18_these connections count among those of a person', async () => {
    const own = await Server.start({ mode: '--demo', config: '[limits]\nsockets_per_person = 2\n' })
    await until('the people are there', async () => (await (await fetch(`${own.http}/auth/demo`)).json()).people.length > 0)
    const [{ id }] = (await (await fetch(`${own.http}/auth/demo`)).json()).people
    const answer = await fetch(`${own.http}/auth/demo`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id }) })
    const headers = { cookie: answer.headers.get('set-cookie').split(';')[0] }
    const first = await RawPosted.open(own, { headers })
    await RawPosted.open(own, { headers })
    const third = new RawPosted(own, { headers })
    const refused = await third.ask('/open', { method: 'POST' })
    assert.equal(refused.status, 429)
    assert.equal((await refused.json()).code, 'too-many-sockets')
    await first.end()
    await until('there is room again', async () => (await third.ask('/open', { method: 'POST' })).status === 201)
    await own.end()
  })

  test('s17_who does not read is let go, and nobody else notices', { timeout: 120_000 }, () => arena(server, async join => {
    const before = await carried(server)
    const raw = await RawPosted.open(server)
    await raw.hello('unread')
    // The stream is taken over by a socket that reads nothing.
    const socket = net.connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.pause()
    let ended = false
    socket.on('close', () => { ended = true })
    socket.on('error', () => {})
    socket.write(`GET ${new URL(raw.address).pathname}/events?after=${raw.seen} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    await raw.ended
    const [writer, witness] = [join('hocuspocus-4', 'unread'), join('hocuspocus-4', 'unread')]
    await writer.synced()
    await witness.synced()
    const start = server.residentMiB()
    const beat = setInterval(() => raw.post(null).catch(() => {}), 5000)
    for (let i = 0; i < 100; i++) {
      writer.insert(0, String.fromCharCode(97 + i % 26).repeat(64 << 10))
      if (i % 10 === 9) await writer.saved()
    }
    await witness.shows(writer.text)
    await until('the connection is over', async () => await carried(server) === before, { within: 90_000 })
    clearInterval(beat)
    socket.resume()
    await until('its stream has ended', () => ended)
    assert.ok(server.residentMiB() - start < 192)
  }))
})
