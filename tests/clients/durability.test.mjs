// What must hold when processes die, stores stall and clients flood: the rules of docs/SYNC.md on durability and load.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import * as Y from 'yjs'
import { arena } from './kit/clients.mjs'
import { letters } from './kit/letters.mjs'
import { database, postgresMissing } from './kit/postgres.mjs'
import { random } from './kit/random.mjs'
import { Server, oursOnly } from './kit/server.mjs'
import * as u from './kit/update.mjs'
import { never, until } from './kit/wait.mjs'
import { RawHocuspocus, RawYjs } from './kit/wire.mjs'

const skip = oursOnly
let server
before(async () => { if (!skip) server = await Server.start() })
after(() => server?.end())

/** Processes started by `pid`, by whichever of its threads. */
function childrenOf (pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap(task => {
    try {
      return readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean)
    } catch {
      return []
    }
  })
}

const head = name => Number(server.rows('select head_seq from documents where name = ?', name)[0]?.head_seq ?? 0)

describe('durability', { skip }, () => {
  test('s1_an acknowledgement means that a row is there, in both dialects', async () => {
    const { updates } = letters(20)
    const hocuspocus = await RawHocuspocus.open(server)
    await hocuspocus.hello('s1 h')
    const yjs = await RawYjs.open(server, 's1%20y')
    await yjs.hello()
    await hocuspocus.got('status')
    for (const [i, update] of updates.entries()) {
      const before = [head('s1 h'), head('s1 y')]
      hocuspocus.update('s1 h', update)
      yjs.update(update)
      await until('both are acknowledged', () => hocuspocus.count('status') === i + 2 && yjs.count('update') === i + 1)
      assert.ok(head('s1 h') > before[0] && head('s1 y') > before[1])
    }
    hocuspocus.end()
    yjs.end()
  })

  test('s1_nothing is acknowledged while the store stalls, though it is relayed', async () => {
    const own = await Server.start()
    const [one, two] = [await RawHocuspocus.open(own), await RawYjs.open(own, 's1')]
    await one.hello('s1')
    await one.got('status')
    await two.hello()
    const release = own.stall()
    const { updates } = letters(2)
    one.update('s1', updates[0])
    await two.got('update')
    two.update(updates[1])
    await one.got('update')
    await never('one of them is acknowledged', () => one.count('status') > 1 || two.count('update') > 1, { during: 1000 })
    release()
    await one.got('status', { nth: 2 })
    await two.got('update', { nth: 2 })
    one.end()
    two.end()
    await own.end()
  })

  test('s3_seq is dense per document, whoever writes', () => arena(server, async join => {
    const names = ['dense 1', 'dense 2']
    const writers = names.flatMap(name => ['hocuspocus-4', 'y-websocket-31', 'hocuspocus-3'].map(kind => join(kind, name)))
    for (const one of writers) await one.synced()
    for (let i = 0; i < 40; i++) {
      for (const one of writers) one.append('x')
      if (i % 4 === 0) await writers[i % 6].saved()
    }
    for (const one of writers) await one.saved()
    for (const name of names) {
      const seqs = server.rows('select u.seq from updates u join documents d on d.id = u.document_id where d.name = ? order by u.seq', name).map(row => Number(row.seq))
      assert.deepEqual(seqs, seqs.map((_, i) => i + 1))
      assert.equal(head(name), seqs.length)
    }
  }))

  test('s5_a document that has grown is compacted, open or closed, and stays the same', async () => {
    const own = await Server.start()
    await arena(own, async join => {
      const ann = join('hocuspocus-4', 'compact')
      await ann.synced()
      const map = ann.doc.getMap('map')
      for (let i = 0; i < 150; i++) {
        ann.append('A page of text that will be compacted. '.repeat(60))
        map.set('key', i)
        if (i % 3 === 0) ann.delete(0, 500)
        await ann.saved()
      }
      await until('there is a snapshot', () => own.rows('select * from snapshots').length === 1, { within: 60_000 })
      ann.append(' and on')
      await ann.saved()
      const other = join('y-websocket-31', 'compact')
      await other.synced()
      await other.shows(ann.text)
      await own.crash()
      const fresh = join('hocuspocus-3', 'compact')
      await fresh.synced()
      await fresh.shows(ann.text)
      assert.deepEqual(fresh.doc.getMap('map').toJSON(), map.toJSON())
      const counts = own.rows('select seq from updates order by seq').map(row => Number(row.seq))
      assert.deepEqual(counts, counts.map((_, i) => counts[0] + i))
    })
    await own.end()
  })

  for (const engine of ['SQLite', 'PostgreSQL']) {
    test(`s2_no acknowledged letter is lost by SIGKILL at any moment, on ${engine}`, { skip: engine === 'PostgreSQL' && (postgresMissing() ?? false), timeout: 120_000 }, async () => {
      const store = engine === 'PostgreSQL' ? await database() : undefined
      const own = await Server.start({ database: store?.url })
      const rng = random(4711)
      for (let round = 0; round < 8; round++) {
        const names = [`killed ${round} h`, `killed ${round} y`]
        const hocuspocus = await RawHocuspocus.open(own)
        const yjs = await RawYjs.open(own, encodeURIComponent(names[1]))
        await hocuspocus.hello(names[0])
        await yjs.hello()
        const { updates } = letters(3000)
        const victim = 20 + rng.below(400)
        let sent = 0
        await until('enough is acknowledged', async () => {
          for (let i = 0; i < 10 && sent < updates.length; i++, sent++) {
            hocuspocus.update(names[0], updates[sent])
            yjs.update(updates[sent])
          }
          return hocuspocus.count('status') > victim && yjs.count('update') > victim
        })
        await own.kill()
        await until('the sockets are closed', () => hocuspocus.closed && yjs.closed)
        const acknowledged = [hocuspocus.count('status') - 1, yjs.count('update')]
        await own.up()
        for (const [i, name] of names.entries()) {
          const reader = await RawYjs.open(own, encodeURIComponent(name))
          await reader.hello()
          const { length } = reader.document().getText('text')
          assert.ok(length >= acknowledged[i], `${name}: ${acknowledged[i]} letters were acknowledged, ${length} are there`)
          reader.end()
        }
      }
      await own.end()
      await store?.end()
    })
  }

  for (const signal of ['SIGKILL', 'SIGSTOP']) {
    test(`s6_workers that get ${signal} are replaced, and who waits for them is served`, { timeout: 60_000 }, async () => {
      const own = await Server.start({ config: '[workers]\nsize = 2\njob_timeout_ms = 1500\n' })
      await arena(own, async join => {
        const [ann, bob] = [join('hocuspocus-4', 'workers'), join('y-websocket-31', 'workers')]
        ann.insert(0, 'both have this. ')
        await ann.saved()
        await bob.shows('both have this. ')
        for (let round = 0; round < 3; round++) {
          bob.disconnect()
          await until('Bob is offline', () => !bob.isSynced)
          // With letters of his own, what he lacks can only be told by a worker.
          bob.insert(0, `b${round} `)
          ann.append(`round ${round}. `)
          ann.delete(0, 2)
          await ann.saved()
          const workers = childrenOf(own.pid)
          assert.ok(workers.length > 0 || round > 0)
          for (const pid of workers) {
            try { process.kill(Number(pid), signal) } catch { /* gone already */ }
          }
          bob.connect()
          await bob.synced({ within: 20_000 })
          await until('both show the same', () => bob.text === ann.text && ann.text.includes(`b${round}`) && bob.text.includes(`round ${round}`))
        }
        assert.equal(ann.opened, 1)
      })
      await own.end()
    })
  }

  const damages = {
    'whose update is cut short': payload => { payload.fill(0xff, payload.length - 8); return payload },
    'that is no row at all': () => Buffer.from('not a row at all')
  }
  for (const [what, damage] of Object.entries(damages)) {
    test(`s6_a row ${what} is set aside, and the rest of the document opens`, async () => {
      const own = await Server.start()
      await arena(own, async join => {
        const ann = join('hocuspocus-4', 'damaged')
        ann.insert(0, 'first. ')
        await ann.saved()
        const bob = join('y-websocket-31', 'damaged')
        await bob.shows('first. ')
        const other = join('hocuspocus-3', 'damaged')
        await other.shows('first. ')
        other.doc.getMap('other').set('key', 'in the middle')
        await other.saved()
        bob.append('last.')
        await bob.saved()
        for (const one of [ann, bob, other]) one.end()
        await own.kill()
        const db = new DatabaseSync(own.sqliteFile)
        const [{ seq, payload }] = db.prepare('select seq, payload from updates order by seq limit 1 offset 1').all()
        db.prepare('update updates set payload = ? where seq = ?').run(damage(Buffer.from(payload)), seq)
        db.close()
        await own.up()
        const cid = join('hocuspocus-4', 'damaged')
        await cid.synced()
        await cid.shows('first. last.')
        cid.append(' And on.')
        await cid.saved()
      })
      await own.end()
    })
  }
})

describe('load', { skip }, () => {
  test('s17_a reader who stops reading costs a bounded amount of memory, and is brought up to date or sent away with 1013', { timeout: 120_000 }, async () => {
    const own = await Server.start()
    await arena(own, async join => {
      const ann = join('hocuspocus-4', 's17')
      await ann.synced()
      const slow = await RawYjs.open(own, 's17')
      await slow.hello()
      const start = own.residentMiB()
      slow.socket.pause()
      const page = 'x'.repeat(100_000)
      for (let i = 0; i < 500; i++) {
        ann.doc.transact(() => { ann.delete(0, ann.length); ann.insert(0, page) })
        if (i % 10 === 0) await ann.saved({ within: 30_000 })
      }
      await ann.saved({ within: 30_000 })
      const grown = own.residentMiB() - start
      assert.ok(grown < 150, `50 MB were written, and the server has grown by ${grown.toFixed(0)} MiB`)
      slow.socket.resume()
      await until('it is up to date or closed with 1013', () => slow.closed ? slow.closed.code === 1013 || slow.closed.code === 1006
        : slow.document().getText('text').toString() === page, { within: 30_000 })
      slow.end()
      assert.equal(ann.opened, 1)
    })
    await own.end()
  })

  test('s17_a flood by one session slows that session and nobody else', { timeout: 60_000 }, async () => {
    const own = await Server.start()
    await arena(own, async join => {
      const [ann, bob] = [join('hocuspocus-4', 'flood'), join('y-websocket-31', 'flood')]
      await ann.synced()
      await bob.synced()
      const eve = await RawHocuspocus.open(own)
      await eve.hello('flood')
      const start = own.residentMiB()
      const { updates } = letters(20_000, { text: 'flooded' })
      for (const update of updates) eve.update('flood', update)
      for (let i = 0; i < 10; i++) {
        ann.append('.')
        await until('Bob hears Ann all the same', () => bob.length === i + 1)
      }
      await ann.saved()
      await until('each of the flood is acknowledged in the end', () => eve.count('status') === updates.length + 1, { within: 40_000 })
      assert.ok(own.residentMiB() - start < 100)
      eve.end()
    })
    await own.end()
  })

  test('s4_a store that stalls for long: the queue is bounded, says so, and all that was taken is committed at the end', { timeout: 90_000 }, async () => {
    const own = await Server.start({ config: '[limits]\ndocument_bytes = 268435456\n' })
    const eve = await RawHocuspocus.open(own)
    await eve.hello('bounded')
    await eve.got('status')
    const release = own.stall()
    const start = own.residentMiB()
    const megabyte = 'x'.repeat(1 << 20)
    let sent = 0
    await until('the queue is full and the room says so', async () => {
      if (eve.socket.bufferedAmount < 4 << 20 && sent < 150) {
        eve.update('bounded', u.update([[7000, sent << 20, [u.string(sent ? u.behind(7000, (sent << 20) - 1) : u.under('text'), megabyte)]]]))
        sent++
      }
      return eve.of('status').some(m => m.stored === 0)
    }, { within: 30_000 })
    assert.ok(own.residentMiB() - start < 400, `grown by ${own.residentMiB() - start} MiB`)
    assert.equal(eve.of('status').filter(m => m.stored === 1).length, 1, 'nothing is acknowledged')
    const asks = eve.count('step1')
    release()
    await until('what was taken is acknowledged', () => eve.of('status').filter(m => m.stored === 1).length > 10, { within: 30_000 })
    await until('writable again: the server asks step 1', () => eve.count('step1') > asks, { within: 15_000 })
    const taken = Y.decodeStateVector(eve.of('step1').at(-1).payload).get(7000) >> 20
    assert.ok(taken > 10 && taken < sent)
    await own.crash()
    const fresh = await RawYjs.open(own, 'bounded')
    fresh.step1()
    await fresh.got('step2', { within: 30_000 })
    assert.ok(fresh.document().getText('text').length >> 20 >= taken)
    for (const raw of [eve, fresh]) raw.end()
    await own.end()
  })

  test('s18_a document at its limit takes nothing more, says why, and can still be read', async () => {
    const own = await Server.start({ config: '[limits]\ndocument_bytes = 300000\nupdate_bytes = 300000\n' })
    await arena(own, async join => {
      const ann = join('hocuspocus-4', 'full')
      await ann.synced()
      const bob = join('y-websocket-31', 'full')
      await bob.synced()
      const rng = i => Buffer.from(Array.from({ length: 10_000 }, (_, j) => 97 + (i * 31 + j * 17) % 26)).toString()
      let taken = 0
      for (let i = 0; i < 50; i++) {
        ann.append(rng(i))
        try {
          await until('it is stored', () => ann.isSaved, { within: 1500 })
          taken = ann.length
        } catch {
          break
        }
      }
      assert.ok(taken >= 100_000 && taken < 400_000, `${taken} letters were taken`)
      bob.append(rng(99))
      bob.append(rng(98))
      await until('Bob is told', () => bob.denials.length > 0)
      assert.match(String(bob.denials[0]), /large|limit|full/)
      const fresh = join('hocuspocus-3', 'full')
      await fresh.synced()
      assert.equal(fresh.length, taken)
      assert.equal(ann.opened, 1)
      assert.equal(bob.opened, 1)
    })
    await own.end()
  })

  test('s18_an entry of presence that is too large is dropped, and the session goes on', async () => {
    const [eve, bob] = [await RawYjs.open(server, 's18p'), await RawYjs.open(server, 's18p')]
    await eve.hello()
    await bob.hello()
    eve.awareness([42, 1, { user: { name: 'x'.repeat(100_000) } }])
    await never('it is relayed', () => bob.of('awareness').some(m => m.payload.length > 1000), { during: 400 })
    eve.update(letters(1).updates[0])
    await bob.got('update')
    assert.ok(eve.open)
    eve.end()
    bob.end()
  })

  test('s19_idle rooms leave memory, and come back with all that was in them', async () => {
    const own = await Server.start({ config: '[limits]\nidle_room_ms = 300\n' })
    await arena(own, async join => {
      const all = Array.from({ length: 20 }, (_, i) => join('hocuspocus-4', `idle ${i}`))
      for (const [i, one] of all.entries()) { await one.synced(); one.insert(0, `text ${i}`) }
      for (const one of all) await one.saved()
      assert.equal((await own.metrics()).unisson_rooms, 20)
      for (const one of all) one.end()
      await until('no room is left', async () => (await own.metrics()).unisson_rooms === 0)
      const again = join('y-websocket-31', 'idle 7')
      await again.synced()
      await again.shows('text 7')
    })
    await own.end()
  })
})
