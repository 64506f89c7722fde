// Twelve people in both dialects edit everything at once while lines are cut, the server is killed and its
// store stalls. At the end all hold the same, and a newcomer gets just that, also after one more kill.
//   SEED=n plays one plan again; SEEDS=n plays n of them.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as Y from 'yjs'
import { arena } from './kit/clients.mjs'
import { Cluster, postgresMissing } from './kit/postgres.mjs'
import { random, seeds } from './kit/random.mjs'
import { Server, oursOnly } from './kit/server.mjs'
import { until } from './kit/wait.mjs'

const KINDS = [
  'hocuspocus-3', 'hocuspocus-4', 'y-websocket-31', 'y-websocket-rc5', 'hocuspocus-4', 'y-websocket-2',
  'hocuspocus-3', 'y-websocket-30', 'y-websocket-31', 'y-websocket-2', 'hocuspocus-4', 'yjs-14'
]
// Plans are played on both engines, where there are both.
const LANES = ['SQLite', postgresMissing() ? 'SQLite' : 'PostgreSQL']
const ROUNDS = 8

/** Everything in a document, in one comparable text. */
function contents (doc) {
  const sorted = value => {
    if (Array.isArray(value)) return value.map(sorted)
    if (value && typeof value === 'object') return Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]))
    return value
  }
  return JSON.stringify(sorted({
    text: doc.getText('text').toString(),
    rich: doc.getText('rich').toDelta(),
    page: doc.getXmlFragment('page').toString(),
    map: doc.getMap('map').toJSON(),
    list: doc.getArray('list').toJSON()
  }))
}

const somewhere = (rng, length) => rng.below(length + 1)

function editList (rng, list) {
  if (list.length > 0 && rng.chance(35)) {
    const at = rng.below(list.length)
    return list.delete(at, Math.min(1 + rng.below(3), list.length - at))
  }
  const at = somewhere(rng, list.length)
  const kind = rng.below(6)
  if (kind === 0) list.insert(at, [new Y.Map([['n', rng.below(100)]])])
  else if (kind === 1) list.insert(at, [new Y.Text(rng.word())])
  else if (kind === 2) list.insert(at, [rng.bytes(4), null, { deep: [rng.below(9), 'x'] }])
  else list.insert(at, [rng.below(1000), rng.word(), rng.chance(50)])
}

function editMap (rng, map) {
  const key = rng.pick(['a', 'b', 'c', 'd'])
  const kind = rng.below(8)
  if (kind === 0) return map.delete(key)
  if (kind === 1) return map.set(key, new Y.Map([['n', rng.below(100)]]))
  if (kind === 2) return map.set(key, Y.Array.from([rng.below(9)]))
  const inner = map.get(key)
  if (inner instanceof Y.Map) return inner.set(rng.pick(['n', 'm']), rng.chance(30) ? new Y.Text(rng.word()) : rng.word())
  if (inner instanceof Y.Array) return editList(rng, inner)
  return map.set(key, rng.chance(50) ? rng.below(1000) : rng.word())
}

function editText (rng, text) {
  if (text.length > 0 && rng.chance(35)) {
    const at = rng.below(text.length)
    return text.delete(at, Math.min(1 + rng.below(5), text.length - at))
  }
  return text.insert(somewhere(rng, text.length), rng.word())
}

function editRich (rng, text) {
  if (text.length > 2 && rng.chance(40)) {
    const at = rng.below(text.length - 1)
    return text.format(at, 1 + rng.below(text.length - at), { [rng.pick(['bold', 'italic'])]: rng.chance(60) ? true : null })
  }
  if (rng.chance(10)) return text.insertEmbed(somewhere(rng, text.length), { image: rng.word() })
  return editText(rng, text)
}

function editPage (rng, page) {
  if (page.length > 0 && rng.chance(20)) return page.delete(rng.below(page.length), 1)
  const block = page.length > 0 && rng.chance(60) ? page.get(rng.below(page.length)) : null
  if (block instanceof Y.XmlElement) {
    if (rng.chance(25)) return block.setAttribute('level', String(rng.below(4)))
    const inner = block.length > 0 ? block.get(0) : null
    if (inner instanceof Y.XmlText) return editText(rng, inner)
    return block.insert(0, [new Y.XmlText(rng.word())])
  }
  const element = new Y.XmlElement(rng.pick(['paragraph', 'heading', 'list']))
  page.insert(somewhere(rng, page.length), [element])
  element.insert(0, [new Y.XmlText(rng.word())])
}

function edit (rng, client) {
  if (client.is14) {
    if (client.length > 4 && rng.chance(30)) return client.delete(rng.below(client.length - 2), 2)
    return client.insert(somewhere(rng, client.length), rng.word())
  }
  const { doc } = client
  const one = () => {
    const kind = rng.below(5)
    if (kind === 0) editText(rng, doc.getText('text'))
    else if (kind === 1) editRich(rng, doc.getText('rich'))
    else if (kind === 2) editPage(rng, doc.getXmlFragment('page'))
    else if (kind === 3) editMap(rng, doc.getMap('map'))
    else editList(rng, doc.getArray('list'))
  }
  if (rng.chance(30)) doc.transact(() => { for (let i = 0; i < 4; i++) one() })
  else one()
}

/** A turn of the event loop or a few: letters get under way, in no fixed number. */
const breathe = async rng => {
  for (let i = rng.below(12); i > 0; i--) await new Promise(resolve => setImmediate(resolve))
}

async function play (seed, server, stall) {
  const rng = random(seed)
  await arena(server, async join => {
    const name = `plan ${seed}`
    const people = KINDS.map(kind => join(kind, name))
    let release = async () => {}
    try {
      for (let round = 0; round < ROUNDS; round++) {
        for (let i = 0; i < 24; i++) {
          edit(rng, rng.pick(people))
          if (rng.chance(40)) await breathe(rng)
        }
        const one = rng.pick(people)
        const event = rng.below(10)
        if (event < 2) one.cut()
        else if (event < 4) one.disconnect()
        else if (event < 6) for (const other of people) other.connect()
        else if (event === 6) { await release(); release = async () => {}; await server.crash() }
        else if (event === 7) { await release(); release = await stall() }
        else if (event === 8) { await release(); release = async () => {} }
        else {
          // Gone for good, with whatever was not yet sent; somebody else comes.
          const at = people.indexOf(one)
          one.end()
          people[at] = join(one.kind, name)
        }
        await breathe(rng)
      }
    } finally {
      await release()
    }
    for (const one of people) one.connect()
    const [first] = people
    for (const one of people) await one.synced({ within: 30_000 })
    await until('all twelve hold the same', () => {
      const expected = contents(first.doc)
      for (const one of people) {
        if (one.is14 ? one.text !== first.text : contents(one.doc) !== expected) {
          throw new Error(`${one.kind} (client ${one.id}) differs from ${first.kind}: ${one.is14 ? one.text : contents(one.doc)}\n  instead of ${one.is14 ? first.text : expected}`)
        }
      }
      return true
    }, { within: 30_000 })
    for (const one of people) await one.saved({ within: 30_000 })
    const expected = contents(first.doc)
    const vector = doc => Object.fromEntries([...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b))
    const same = async what => {
      const fresh = join(rng.pick(['hocuspocus-4', 'y-websocket-31']), name)
      await fresh.synced({ within: 30_000 })
      assert.equal(contents(fresh.doc), expected, what)
      assert.deepEqual(vector(fresh.doc), vector(first.doc), what)
      fresh.end()
    }
    await same('a newcomer gets what all hold')
    // A y-websocket client that was cut off before the echo can't tell whether its last letters are stored. A
    // newcomer's own step 2 is acknowledged when all that the room held before it is in the database.
    const witness = join('hocuspocus-4', name)
    await witness.saved({ within: 30_000 })
    for (const one of [...people, witness]) one.end()
    await server.crash()
    await same('and so does one after the server was killed and started again')
  })
}

describe('twelve people converge', { concurrency: true, skip: oursOnly }, () => {
  const all = seeds(60)
  for (const [lane, engine] of LANES.entries()) {
    describe(`lane ${lane + 1}, on ${engine}`, { concurrency: 1 }, () => {
      let server
      let cluster
      before(async () => {
        if (engine === 'PostgreSQL') cluster = await Cluster.start()
        server = await Server.start({ database: cluster?.url })
      })
      after(async () => {
        await server.end()
        await cluster?.end()
      })
      const stall = () => cluster ? cluster.stall() : server.stall()
      for (const seed of all.filter((_, i) => process.env.SEED || i % LANES.length === lane)) {
        test(`s2_everyone holds the same in the end, plan SEED=${seed}`, () => play(seed, server, stall))
      }
    })
  }
})
