// Several nodes on one PostgreSQL and one Redis, all well: people on different nodes work as on one.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as Y from 'yjs'
import { agreed, same } from './kit/agreement.mjs'
import { arena } from './kit/clients.mjs'
import { letters } from './kit/letters.mjs'
import { authorsOf, doubled, readLog } from './kit/log.mjs'
import { Nodes, clusterMissing } from './kit/nodes.mjs'
import * as people from './kit/people.mjs'
import { Typist } from './kit/typist.mjs'
import { never, until } from './kit/wait.mjs'
import { RawHocuspocus, RawYjs, readAwareness } from './kit/wire.mjs'

const skip = clusterMissing
const KINDS = ['hocuspocus-4', 'y-websocket-31', 'hocuspocus-3', 'y-websocket-rc5', 'yjs-14', 'y-websocket-2']
let nodes
before(async () => { if (!skip) nodes = await Nodes.start(3) })
after(() => nodes?.end())

const head = async name => Number((await nodes.cluster.rows('select head_seq from documents where name = $1', name))[0]?.head_seq ?? 0)

/** Somebody who speaks by hand on one node, in one dialect. */
async function by (dialect, node, name, token) {
  if (dialect === 'hocuspocus') {
    const raw = await RawHocuspocus.open(node)
    await raw.hello(name, token)
    await raw.got('status')
    return {
      raw,
      update: bytes => raw.update(name, bytes),
      step2: bytes => raw.step2(name, bytes),
      awareness: (...entries) => raw.awareness(name, ...entries),
      acknowledged: () => raw.of('status').filter(m => m.stored === 1).length - 1,
      refused: () => raw.of('status').filter(m => m.stored === 0).length,
      end: () => raw.end()
    }
  }
  const raw = await RawYjs.open(node, encodeURIComponent(name), { token })
  await raw.hello()
  return {
    raw,
    update: bytes => raw.update(bytes),
    step2: bytes => raw.step2(bytes),
    awareness: (...entries) => raw.awareness(...entries),
    acknowledged: () => raw.count('update'),
    refused: () => raw.count('denied'),
    end: () => raw.end()
  }
}

describe('together on three nodes', { skip, concurrency: 3, timeout: 120_000 }, () => {
  test('people on different nodes write together and see each other\'s cursors', () => arena(nodes[0], async join => {
    const name = 'together'
    const all = KINDS.map((kind, i) => join(kind, name, { port: nodes[i % 3].port }))
    for (const [i, one] of all.entries()) {
      await one.synced()
      one.say({ user: { name: `person ${i}` }, cursor: i })
    }
    for (let round = 0; round < 10; round++) {
      for (const [i, one] of all.entries()) one.append(`${i}`)
    }
    for (const one of all) {
      await until(`${one.kind} sees the five others`, () => all.every(other => other === one || one.others.get(other.id)?.cursor === all.indexOf(other)))
    }
    const log = await agreed(nodes, name, all)
    assert.equal(all[0].text.length, 60)
    assert.equal(doubled(log), 0)
    // Somebody leaves: gone everywhere, and the others stay.
    all[5].end()
    for (const one of all.slice(0, 5)) await until(`${one.kind} sees four others`, () => one.others.size === 4 && !one.others.has(all[5].id))
  }))

  test('s1_an acknowledgement on any node means that a row is there', async () => {
    const name = 's1 cluster'
    const writers = [await by('hocuspocus', nodes[0], name), await by('y-websocket', nodes[1], name), await by('hocuspocus', nodes[2], name)]
    const texts = writers.map((_, i) => letters(8, { text: `t${i}` }))
    for (let n = 0; n < 8; n++) {
      for (const [i, one] of writers.entries()) {
        const [had, before] = [one.acknowledged(), await head(name)]
        one.update(texts[i].updates[n])
        await until('it is acknowledged', () => one.acknowledged() > had || (one.raw.count('update') > had && i === 1))
        // The echo of one's own, not a letter of another's.
        if (i !== 1) assert.ok(await head(name) > before)
      }
    }
    const { doc } = await readLog(nodes.cluster, name)
    for (const [i] of writers.entries()) await until('all of it is in the log', async () => (await readLog(nodes.cluster, name)).doc.getText(`t${i}`).length === 8)
    assert.ok(doc.getText('t0').length > 0)
    for (const one of writers) one.end()
  })

  test('s3_the log is dense and closed, whoever writes on whichever node', t => arena(nodes[0], async join => {
    const name = 's3 cluster'
    const writers = KINDS.filter(kind => kind !== 'yjs-14').map((kind, i) => join(kind, name, { port: nodes[i % 3].port }))
    await same(writers)
    // Each builds on what was heard from the others a moment ago.
    for (let i = 0; i < 60; i++) {
      const one = writers[i % writers.length]
      const length = one.length
      one.insert(Math.floor(length / 2), `${i % 10}`)
      const next = writers[(i + 1) % writers.length]
      if (i % 3) await until('the next one has seen it', () => next.length > length)
    }
    const log = await agreed(nodes, name, writers)
    assert.equal(log.doc.getText('text').length, 60)
    // Who builds on what was only heard writes that too (S7), and so may whoever heard it first.
    t.diagnostic(`${doubled(log)} of 60 letters stand in the log twice`)
  }))

  test('s9_who opens a document on another node in the middle of a burst misses nothing', async () => {
    const name = 's9 cluster'
    const ann = await Typist.open('hocuspocus', nodes[0], name)
    const readers = []
    for (let i = 0; i < 12; i++) {
      ann.type(15)
      const reader = await RawYjs.open(nodes[1 + i % 2], encodeURIComponent(name))
      await reader.hello()
      readers.push(reader)
    }
    await ann.saved()
    for (const reader of readers) await until('the reader has all', () => reader.document().getText('typed').length === ann.sent)
    for (const one of [ann, ...readers]) one.end()
  })

  test('s11_the same update on two nodes counts once, and both are told', async t => {
    const name = 's11 cluster'
    const [one, two] = [await by('hocuspocus', nodes[0], name), await by('hocuspocus', nodes[1], name)]
    const { updates } = letters(30)
    for (const update of updates) {
      one.update(update)
      two.update(update)
    }
    await until('each is acknowledged on both', () => one.acknowledged() === 30 && two.acknowledged() === 30)
    const log = await readLog(nodes.cluster, name)
    assert.equal(log.doc.getText('text').length, 30)
    const { updates: more } = letters(30, { text: 'more' })
    for (const [i, update] of more.entries()) {
      one.update(update)
      await one.raw.got('status', { nth: 32 + i })
      await until('it is known on the other node', () => two.raw.document(name).getText('more').length === i + 1)
      two.update(update)
    }
    await until('each is acknowledged on both', () => two.acknowledged() === 60)
    const after = await readLog(nodes.cluster, name)
    assert.equal(after.doc.getText('more').length, 30)
    t.diagnostic(`${doubled({ rows: after.rows.slice(log.rows.length) })} of 30 letters stand in the log twice`)
    one.end()
    two.end()
  })

  test('s14_a reader on another node sees what is written and can\'t write', async () => {
    const name = 's14 cluster'
    const ann = await by('hocuspocus', nodes[0], name, await nodes[0].token(name, { user: people.ann }))
    const { doc, updates } = letters(3)
    for (const update of updates) ann.update(update)
    await until('it is stored', () => ann.acknowledged() === 3)
    const bob = await RawHocuspocus.open(nodes[1])
    bob.auth(name, await nodes[1].token(name, { access: 'read', user: people.bob })).step1(name)
    await bob.got('step2')
    await until('he sees it', () => bob.document().getText('text').toString() === 'abc')
    doc.getText('text').insert(0, 'news ')
    bob.step2(name, Y.encodeStateAsUpdate(doc))
    bob.update(name, Y.encodeStateAsUpdate(doc))
    await until('both are refused', () => bob.of('status').filter(m => m.stored === 0).length === 2)
    await never('it reaches Ann', () => ann.raw.document(name).getText('text').toString().includes('news'), { during: 300 })
    ann.end()
    bob.end()
  })

  test('s16_an id that is bound on one node can\'t be bound by another person on another, and her letters count once she has confirmed them', async () => {
    const name = 's16 cluster'
    const token = await nodes[0].token(name, { user: people.ann })
    const { doc, updates } = letters(6)
    const ann = await by('hocuspocus', nodes[0], name, token)
    ann.awareness([doc.clientID, 1, { user: { name: 'Ann' } }])
    for (const update of updates.slice(0, 3)) ann.update(update)
    const bob = await by('hocuspocus', nodes[1], name, await nodes[1].token(name, { user: people.bob }))
    await until('Bob has the first three, and sees Ann', () => bob.raw.document().getText('text').toString() === 'abc' && bob.raw.count('awareness') > 0)
    const asked = ann.raw.count('step1')
    bob.update(Y.mergeUpdates(updates.slice(3)))
    await until('she is asked, on her node', () => ann.raw.count('step1') > asked)
    ann.step2(Y.encodeStateAsUpdate(doc))
    await until('Bob\'s message is acknowledged', () => bob.acknowledged() === 1)
    const log = await readLog(nodes.cluster, name)
    assert.equal(log.doc.getText('text').toString(), 'abcdef')
    assert.deepEqual(authorsOf(log, doc.clientID), new Set([people.ann]))
    ann.end()
    bob.end()
  })
})

describe('presence on three nodes', { skip, concurrency: true, timeout: 120_000 }, () => {
  const seenBy = (raw, client) => raw.of('awareness').flatMap(m => readAwareness(m.payload)).filter(e => e.client === client)

  test('s21_who moves to another node is here once, and what they left behind takes nothing away', async () => {
    const name = 's21 move'
    const watchers = [await by('y-websocket', nodes[0], name), await by('hocuspocus', nodes[1], name), await by('y-websocket', nodes[2], name)]
    const first = await by('y-websocket', nodes[0], name)
    first.awareness([4242, 3, { name: 'first' }])
    for (const { raw } of watchers) await until('it is seen', () => seenBy(raw, 4242).at(-1)?.state?.name === 'first')
    const second = await by('y-websocket', nodes[1], name)
    second.awareness([4242, 4, { name: 'second' }])
    for (const { raw } of watchers) await until('the second is seen', () => seenBy(raw, 4242).at(-1)?.state?.name === 'second')
    first.end()
    await never('the first takes the second with it', () => watchers.some(({ raw }) => seenBy(raw, 4242).at(-1).state === null), { during: 700 })
    second.end()
    for (const { raw } of watchers) await until('it is gone', () => seenBy(raw, 4242).at(-1).state === null)
    // And back again, with a younger clock, on a third node.
    const third = await by('y-websocket', nodes[2], name)
    third.awareness([4242, 1, { name: 'third' }])
    for (const { raw } of watchers) {
      await until('it is seen again', () => seenBy(raw, 4242).at(-1)?.state?.name === 'third')
      const clocks = seenBy(raw, 4242).map(entry => entry.clock)
      assert.deepEqual(clocks, [...clocks].sort((a, b) => a - b), 'clocks only grow, so that clients believe them')
    }
    for (const one of [...watchers, third]) one.end()
  })

  test('s21_who comes later on another node is told who is here', async () => {
    const name = 's21 later'
    const ann = await by('hocuspocus', nodes[0], name)
    ann.awareness([4343, 1, { name: 'Ann' }])
    await ann.raw.got('awareness')
    for (const node of nodes) {
      const late = await by('y-websocket', node, name)
      await until('Ann is seen', () => seenBy(late.raw, 4343).some(entry => entry.state?.name === 'Ann'))
      late.end()
    }
    ann.end()
  })

  test('s21_a storm of cursor moves costs the other nodes a few messages a second, and the last one arrives', async () => {
    const name = 's21 storm cluster'
    const [mover, watcher] = [await by('hocuspocus', nodes[0], name), await by('hocuspocus', nodes[1], name)]
    const before = nodes[1].toRedis.messages
    for (let i = 1; i <= 2000; i++) mover.awareness([6161, i, { at: i }])
    await until('the last one arrives', () => seenBy(watcher.raw, 6161).some(entry => entry.state?.at === 2000))
    assert.ok(watcher.raw.count('awareness') < 100, `${watcher.raw.count('awareness')} messages to a client`)
    assert.ok(nodes[1].toRedis.messages - before < 400, `${nodes[1].toRedis.messages - before} messages between the nodes`)
    mover.end()
    watcher.end()
  })
})
