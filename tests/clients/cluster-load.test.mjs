// Much at once between nodes: messages that are too large for Redis to carry on, floods to a node that does not read,
// a database that is away for both, documents that begin and are compacted on several nodes at the same time.
//   LARGE=1  with more of it, and with what takes minutes

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import * as Y from 'yjs'
import { agreed, same } from './kit/agreement.mjs'
import { arena } from './kit/clients.mjs'
import { readLog } from './kit/log.mjs'
import { Nodes, clusterMissing } from './kit/nodes.mjs'
import { signIn } from './kit/rights.mjs'
import * as u from './kit/update.mjs'
import { until } from './kit/wait.mjs'
import { RawHocuspocus } from './kit/wire.mjs'

const skip = clusterMissing
const MEGABYTE = 'x'.repeat(1 << 20)
const [PASTE_MIB, UNREAD_MIB] = process.env.LARGE ? [40, 60] : [20, 24]
const config = '[limits]\ndocument_bytes = 268435456\nidle_room_ms = 2000\n'
let nodes
before(async () => { if (!skip) nodes = await Nodes.start(2, { config }) })
afterEach(() => nodes?.heal())
after(() => nodes?.end())

/** The n-th megabyte of one long text. */
const megabyte = (client, n) => u.update([[client, n << 20, [u.string(n ? u.behind(client, (n << 20) - 1) : u.under('text'), MEGABYTE)]]])

describe('much between nodes', { skip, timeout: 400_000 }, () => {
  test('s8_a paste that is larger than what Redis keeps for a listener arrives on the other node', t => arena(nodes[0], async join => {
    const name = 'a large paste'
    const ann = join('hocuspocus-4', name, { port: nodes[0].port })
    const readers = ['y-websocket-31', 'hocuspocus-3'].map(kind => join(kind, name, { port: nodes[1].port }))
    await same([ann, ...readers])
    const from = performance.now()
    ann.insert(0, MEGABYTE.repeat(PASTE_MIB))
    for (const one of readers) await until('it is there', () => one.length === PASTE_MIB << 20, { within: 90_000 })
    t.diagnostic(`${PASTE_MIB} MiB after ${(performance.now() - from).toFixed(0)} ms`)
    await ann.saved({ within: 60_000 })
    ann.insert(0, 'and on')
    for (const one of readers) await until('the next letters are there too', () => one.length === (PASTE_MIB << 20) + 6, { within: 30_000 })
  }))

  test('s17_a node that does not read for a while costs the others nothing, and has all of it afterwards', t => arena(nodes[0], async join => {
    const name = 'not read'
    const ann = join.keep(await RawHocuspocus.open(nodes[0]))
    await ann.hello(name)
    const bob = join('hocuspocus-4', name, { port: nodes[1].port })
    await bob.synced()
    const before = nodes[0].residentMiB()
    nodes[1].pause()
    for (let n = 0; n < UNREAD_MIB; n++) {
      ann.update(name, megabyte(7100, n))
      if (n % 6 === 5) await ann.got('status', { nth: n + 1, within: 60_000 })
    }
    await ann.got('status', { nth: UNREAD_MIB + 1, within: 60_000 })
    const grown = nodes[0].residentMiB() - before
    nodes[1].resume()
    const from = performance.now()
    await until('the paused node has all', () => bob.length === UNREAD_MIB << 20, { within: 90_000 })
    t.diagnostic(`${UNREAD_MIB} MiB after ${(performance.now() - from).toFixed(0)} ms; the other node has grown by ${grown.toFixed(0)} MiB`)
    assert.ok(grown < 350, `the other node has grown by ${grown.toFixed(0)} MiB`)
  }))

  test('s4_the database is away for all nodes: what is heard is bounded too, and all that was taken is committed at the end', { skip: skip || (process.env.LARGE ? false : 'LARGE=1 plays it') }, t => arena(nodes[0], async join => {
    const name = 'heard and bounded'
    const eve = join.keep(await RawHocuspocus.open(nodes[0]))
    await eve.hello(name)
    await eve.got('status')
    const bob = join('hocuspocus-4', name, { port: nodes[1].port })
    await bob.saved()
    const before = nodes.map(node => node.residentMiB())
    for (const node of nodes) node.toDatabase.shut()
    let sent = 0
    await until('the queue is full and the room says so', () => {
      if (eve.socket.bufferedAmount < 4 << 20 && sent < 150) eve.update(name, megabyte(7200, sent++))
      return eve.of('status').some(m => m.stored === 0)
    }, { within: 60_000 })
    const grown = nodes.map((node, i) => node.residentMiB() - before[i])
    t.diagnostic(`${sent} MiB sent; the nodes have grown by ${grown.map(one => one.toFixed(0)).join(' and ')} MiB`)
    assert.ok(Math.max(...grown) < 450)
    const asks = eve.count('step1')
    for (const node of nodes) node.toDatabase.open()
    await until('writable again: the server asks step 1', () => eve.count('step1') > asks, { within: 60_000 })
    const taken = Y.decodeStateVector(eve.of('step1').at(-1).payload).get(7200) >> 20
    assert.ok(taken > 10 && taken < sent, `${taken} of ${sent} were taken`)
    await until('what was taken is in the log', async () => (await readLog(nodes.cluster, name)).doc.getText('text').length >> 20 >= taken, { within: 90_000 })
    await until('and on the other node', () => bob.length >> 20 >= taken, { within: 90_000 })
  }))
})

describe('the same moment on two nodes', { skip, concurrency: true, timeout: 180_000 }, () => {
  test('s12_a document that is opened first on two nodes at once begins once', () => arena(nodes[0], async join => {
    for (let round = 0; round < 5; round++) {
      const name = `s12 begins ${round}`
      const both = ['hocuspocus-4', 'y-websocket-31', 'hocuspocus-3', 'y-websocket-rc5'].map((kind, i) => join(kind, name, { port: nodes[i % 2].port }))
      for (const [i, one] of both.entries()) one.insert(0, `${i}`)
      await agreed(nodes.slice(0, 2), name, both)
      assert.equal(both[0].length, 4)
      assert.equal((await nodes.cluster.rows('select id from documents where name = $1', name)).length, 1)
      for (const one of both) one.end()
    }
  }))

  test('s5_a document that two nodes write is compacted by one of them or both, and stays the same', () => arena(nodes[0], async join => {
    const name = 's5 cluster'
    const [ann, bob] = [join('hocuspocus-4', name, { port: nodes[0].port }), join('hocuspocus-3', name, { port: nodes[1].port })]
    await same([ann, bob])
    for (let i = 0; i < 120; i++) {
      const [one, other] = i % 2 ? [ann, bob] : [bob, ann]
      one.append('A page of text that will be compacted. '.repeat(80))
      one.doc.getMap('map').set('key', i)
      if (i % 3 === 0 && other.length > 500) other.delete(0, 500)
      if (i % 8 === 0) await same([ann, bob])
    }
    await same([ann, bob])
    await until('there is a snapshot', async () => (await readLog(nodes.cluster, name)).parts.length > 0, { within: 60_000 })
    ann.append(' and on')
    bob.insert(0, 'on and ')
    await agreed(nodes.slice(0, 2), name, [ann, bob])
  }))

  test('s22_a node that can\'t reach the database ends all the same, and loses nothing that another has heard', () => arena(nodes[0], async join => {
    const node = await nodes.add({ config: `drain_seconds = 4\n${config}` })
    const name = 's22 without database'
    const [ann, bob] = [join('hocuspocus-4', name, { port: node.port }), join('y-websocket-31', name, { port: nodes[0].port })]
    await same([ann, bob])
    node.toDatabase.shut()
    ann.append('typed at the end')
    await bob.shows('typed at the end')
    const from = performance.now()
    await node.drain()
    assert.ok(performance.now() - from < 30_000)
    ann.end()
    await bob.saved()
    await until('it is in the log', async () => (await readLog(nodes.cluster, name)).doc.getText('text').toString() === 'typed at the end')
    nodes.splice(nodes.indexOf(node), 1)
    await node.end()
  }))
})

describe('words for clients', { skip, timeout: 60_000 }, () => {
  test('a new title on one node is told to who has the document open on another', async () => {
    const two = await Nodes.start(2, { mode: '--demo' })
    try {
      const { people } = await (await fetch(`${two[0].http}/auth/demo`)).json()
      const agent = people.find(person => person.role === 'agent')
      const headers = { ...await signIn(two[0], agent.id), origin: two[0].http }
      const { items } = await (await fetch(`${two[0].http}/api/v1/documents`, { headers })).json()
      const item = items.find(one => one.access !== 'read') ?? items[0]
      const reader = await RawHocuspocus.open(two[1], { headers: { ...headers, origin: two[1].http } })
      reader.auth(item.room).step1(item.room)
      await reader.got('step2')
      const answer = await fetch(`${two[0].http}/api/v1/documents/${item.id}`, {
        method: 'PATCH', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify({ title: 'Another title' })
      })
      assert.equal(answer.status, 200, await answer.text())
      await until('it is told', () => reader.of('stateless').some(m => JSON.parse(m.text).title === 'Another title'), { within: 5000 })
      reader.end()
    } finally {
      await two.end()
    }
  })
})
