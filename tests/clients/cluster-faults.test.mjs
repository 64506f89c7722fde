// Several nodes, and one part after the other fails: Redis, the database, a node, the line between them, a clock.
// Afterwards everything that was acknowledged is there, all hold the same, nothing is doubled, and memory is back.
//   FULL_MINUTE=1  pauses and outages last a minute, instead of some seconds

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, afterEach, before, describe, test } from 'node:test'
import { agreed, emptied, same } from './kit/agreement.mjs'
import { arena } from './kit/clients.mjs'
import { readLog } from './kit/log.mjs'
import { measured } from './kit/measured.mjs'
import { Nodes, clusterMissing } from './kit/nodes.mjs'
import { Typist } from './kit/typist.mjs'
import { until } from './kit/wait.mjs'

const skip = clusterMissing
const MINUTE = process.env.FULL_MINUTE ? 60_000 : 3_000
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
let nodes
let atFirst
before(async () => {
  if (skip) return
  nodes = await Nodes.start(3, { config: '[limits]\nidle_room_ms = 1500\n' })
})
afterEach(() => nodes?.heal())
after(() => nodes?.end())

/** Two people and a typist on each of three nodes, who have all opened the document. */
async function crowd (join, name) {
  const kinds = ['hocuspocus-4', 'y-websocket-31', 'hocuspocus-3', 'y-websocket-rc5', 'hocuspocus-4', 'y-websocket-2']
  const clients = kinds.map((kind, i) => join(kind, name, { port: nodes[i % 3].port }))
  await same(clients)
  const typists = []
  for (const [i, node] of nodes.slice(0, 3).entries()) typists.push(join.keep(await Typist.open(i % 2 ? 'y-websocket' : 'hocuspocus', node, name)))
  return { clients, typists }
}

/** Everybody writes something; who is cut off writes for later. */
function write ({ clients, typists }, text = 'x') {
  for (const [i, one] of clients.entries()) one.insert(Math.floor(one.length / 2), `${text}${i}`)
  for (const one of typists) one.type(3)
}

/** Writes now and then for so long. */
async function writeFor (all, ms) {
  const until_ = performance.now() + ms
  let next = 0
  await until('the time is over', () => {
    if (performance.now() > next) { write(all); next = performance.now() + 150 }
    return performance.now() > until_
  }, { within: ms + 5000 })
}

/** Somebody on each node writes, and all see all three. */
const exchange = async (t, what, promised, { clients }) => {
  const marks = ['<', '|', '>'].map(mark => `${mark}${exchanges++}${mark}`)
  for (const [i, mark] of marks.entries()) clients[i].append(mark)
  await measured(t, what, promised, () => clients.every(one => marks.every(mark => one.text.includes(mark))))
}
let exchanges = 0

/** Everybody's edits are acknowledged again; notes how long that took. */
const savedAgain = async (t, what, { clients }) => {
  const from = performance.now()
  for (const one of clients) await one.saved({ within: 60_000 })
  t.diagnostic(`${what}: saved after ${(performance.now() - from).toFixed(0)} ms`)
}

/** Plays a fault among a crowd and looks whether all is well afterwards. */
function ordeal (name, options, body) {
  test(name, options, t => arena(nodes[0], async join => {
    atFirst ??= nodes.map(node => node.residentMiB())
    const document = name.slice(0, 100)
    const all = await crowd(join, document)
    write(all)
    await body(t, all, document, join)
    await nodes.heal()
    write(all, 'e')
    for (const one of all.typists) if (one.open) await one.saved({ within: 30_000 })
    await agreed(nodes.slice(0, 3), document, all.clients, { typists: all.typists })
  }))
}

describe('Redis fails', { skip, timeout: 240_000 }, () => {
  ordeal('s8_Redis is killed and started again: editing and saving go on, others see it within five seconds, and at once afterwards', {}, async (t, all) => {
    await nodes.redis.kill()
    for (let i = 0; i < 3; i++) await exchange(t, 'seen everywhere without Redis', 5000, all)
    for (const one of all.typists) await one.type(20).saved()
    await nodes.redis.up()
    await until('it is as quick as before', async () => {
      const from = performance.now()
      all.clients[0].append('.')
      await until('all see it', () => all.clients.every(one => one.length === all.clients[0].length), { within: 10_000 })
      const took = performance.now() - from
      return took < 400 || Promise.reject(new Error(`${took.toFixed(0)} ms`))
    }, { within: 45_000 })
    for (const one of all.clients) assert.equal(one.opened, 1, 'nobody had to reconnect')
  })

  ordeal('s8_Redis falls silent on connections that stay open', {}, async (t, all) => {
    nodes.redis.pause()
    for (let i = 0; i < 2; i++) await exchange(t, 'seen everywhere while Redis is silent', 5000, all)
    nodes.redis.resume()
    for (const one of all.clients) assert.equal(one.opened, 1)
  })

  ordeal('s8_Redis is full, then refuses to publish', {}, async (t, all) => {
    await nodes.redis.say('config', 'set', 'maxmemory', '1')
    await exchange(t, 'seen everywhere while Redis is full', 5000, all)
    await nodes.redis.say('config', 'set', 'maxmemory', '0')
    await nodes.redis.say('acl', 'setuser', 'default', '-@pubsub')
    for (let i = 0; i < 2; i++) await exchange(t, 'seen everywhere while Redis refuses', 5000, all)
    await nodes.redis.say('acl', 'setuser', 'default', '+@pubsub')
  })
})

describe('the database fails', { skip, timeout: 240_000 }, () => {
  ordeal('s4_PostgreSQL is started again: nothing is lost, and nobody notices but for the acknowledgements', {}, async (t, all) => {
    for (let i = 0; i < 2; i++) {
      await nodes.cluster.down()
      write(all)
      await nodes.cluster.up()
      write(all)
      await savedAgain(t, 'PostgreSQL is back', all)
    }
    for (const one of all.clients) assert.equal(one.opened, 1)
  })

  ordeal(`s4_PostgreSQL is away for ${MINUTE / 1000} s: people on different nodes go on and see each other, and all is committed afterwards`, {}, async (t, all) => {
    await nodes.cluster.down()
    const before = all.typists.map(one => one.acknowledged)
    await writeFor(all, MINUTE)
    await until('all see all', () => all.clients.every(one => one.length === all.clients[0].length))
    assert.ok(all.typists.every((one, i) => one.acknowledged - before[i] <= 3), 'nothing is acknowledged meanwhile')
    await nodes.cluster.up()
    await savedAgain(t, 'PostgreSQL is back', all)
    for (const one of all.clients) assert.equal(one.opened, 1)
  })

  ordeal('s4_PostgreSQL fails over to a fresh server on the same data', {}, async (t, all) => {
    write(all)
    await nodes.failOver()
    write(all)
    await savedAgain(t, 'another server has taken over', all)
  })
})

describe('nodes fail', { skip, timeout: 300_000 }, () => {
  ordeal('s2_a node is killed in the middle of a burst, and its people go to another', {}, async (t, all, name, join) => {
    for (let round = 0; round < 3; round++) {
      const victim = round % 3
      for (const one of all.typists) if (one.open) one.type(60)
      write(all)
      const typist = all.typists.find((one, i) => one.open && i % 3 === victim)
      if (typist) await until('some of it is acknowledged', () => typist.acknowledged > 10)
      write(all)
      await nodes[victim].kill()
      await until('the typists there have noticed', () => !typist?.open)
      typist?.isIn((await readLog(nodes.cluster, name)).doc)
      // Those of the killed node, who could not save, go to the next.
      const other = nodes[(victim + 1) % 3]
      all.typists.push(join.keep(await Typist.open('hocuspocus', other, name)))
      write(all)
      await nodes[victim].up()
    }
  })

  ordeal(`s8_a node is paused for ${MINUTE / 1000} s and goes on as if nothing had been`, {}, async (t, all) => {
    nodes[1].pause()
    const here = { clients: all.clients.filter((_, i) => i % 3 !== 1), typists: all.typists.filter((_, i) => i !== 1) }
    await writeFor(here, MINUTE)
    for (const one of here.clients) await one.saved()
    write(all, 'p')
    nodes[1].resume()
    await measured(t, 'what was missed is there', 5000, () => all.clients.every(one => one.text === all.clients[0].text))
  })

  ordeal('s8_two nodes are cut off from each other, then one from everything', {}, async (t, all) => {
    nodes[0].toRedis.hush()
    nodes[1].toRedis.hush()
    for (let i = 0; i < 2; i++) {
      write(all)
      await exchange(t, 'seen on the other side', 5000, all)
    }
    nodes[0].toDatabase.hush()
    await writeFor(all, 1500)
    for (const one of all.clients.filter((_, i) => i % 3)) await one.saved({ within: 15_000 })
    await nodes.heal()
    for (const one of all.clients) await one.saved({ within: 60_000 })
  })

  ordeal('s8_clocks that are an hour apart change nothing', { skip: skip || (existsSync(FAKETIME) ? false : 'faketime is not installed') }, async (t, all, name, join) => {
    const later = []
    for (const shift of ['+3600s', '-3600s']) {
      const node = await nodes.add({ env: { LD_PRELOAD: FAKETIME, FAKETIME: shift, FAKETIME_DONT_FAKE_MONOTONIC: '1' } })
      const client = join('hocuspocus-4', name, { port: node.port })
      await client.synced()
      client.say({ user: { name: shift } })
      later.push(client)
    }
    all.clients.push(...later)
    for (let i = 0; i < 3; i++) {
      write(all)
      await exchange(t, 'seen under all clocks', 1000, all)
    }
    for (const one of later) await until('all see who is under another clock', () => all.clients.every(other => other === one || other.others.has(one.id)))
    // What was relayed by the node that is ahead, and not committed by it, is written by another all the same.
    nodes[3].toDatabase.hush()
    later[0].append('relayed only')
    await until('another has written it', async () => (await readLog(nodes.cluster, name)).doc.getText('text').toString().includes('relayed only'), { within: 15_000 })
    nodes[3].toDatabase.speak()
    await same(all.clients)
    for (const client of later) client.end()
    all.clients.splice(-2)
    for (const node of nodes.splice(3)) await node.end()
  })

  test('s19_after all this the nodes have let go of their rooms, and of the memory', { timeout: 120_000 }, () => emptied(nodes.slice(0, 3), atFirst ?? []))
})
