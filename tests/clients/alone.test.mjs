// One person alone for longer than any client waits for a message: nobody may have to come back.
// ALONE_SECONDS shortens the watch while working on it; 150 s covers every client's patience three times.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { allClients, arena } from './kit/clients.mjs'
import { Nodes, clusterMissing } from './kit/nodes.mjs'
import { Proxy } from './kit/proxy.mjs'
import { Server, oursOnly } from './kit/server.mjs'
import { never, until } from './kit/wait.mjs'
import { RawHocuspocus, RawYjs, readAwareness } from './kit/wire.mjs'

const seconds = Number(process.env.ALONE_SECONDS ?? 150)
let server
before(async () => { server = await Server.start() })
after(() => server.end())

describe(`alone for ${seconds} s`, { concurrency: true }, () => {
  for (const kind of allClients) {
    for (const awareness of [true, false]) {
      const how = awareness ? 'who says who they are' : 'who says nothing about themselves'
      test(`s21_one person with ${kind} ${how} is alone for ${seconds} s without a reconnection`, () => arena(server, async join => {
        const one = join(kind, `alone ${kind} ${awareness}`, { awareness })
        await one.synced()
        if (awareness) one.say({ user: { name: 'Ann' } })
        await never('the client reconnects', () => one.opened !== 1 || one.journal.closes.length > 0 || !one.isSynced, { during: seconds * 1000 })
        one.append('still here')
        await one.saved()
        assert.equal(one.opened, 1)
      }))
    }
  }

  test('s13_a socket on which nobody proves who they are is let go after a minute, with a code that means later', { skip: oursOnly }, async () => {
    const raw = await RawHocuspocus.open(server)
    raw.step1('never judged')
    await until('it is let go', () => raw.closed || raw.count('denied') > 0, { within: 75_000 })
    if (raw.closed) assert.equal(raw.closed.code, 1013)
    raw.end()
  })

  test('s21_a person whose line went dead without a word is gone from presence within 90 s', { skip: oursOnly }, () => arena(server, async join => {
    const proxy = join.keep(await Proxy.to(server.port))
    const [ann, bob] = [join('y-websocket-31', 'dead line', { port: proxy.port }), join('hocuspocus-4', 'dead line')]
    ann.say({ user: { name: 'Ann' } })
    await until('Bob sees Ann', () => bob.others.has(ann.id))
    proxy.freeze()
    proxy.closed = true
    await until('the server has dropped her', async () => {
      const raw = await RawYjs.open(server, 'dead%20line')
      await raw.hello()
      const here = raw.of('awareness').flatMap(m => readAwareness(m.payload)).some(e => e.client === ann.id && e.state)
      raw.end()
      return !here
    }, { within: 90_000 })
  }))

  test('s21_the people of a node that died are gone from presence within thirty seconds', { skip: clusterMissing }, async t => {
    const nodes = await Nodes.start(2)
    await arena(nodes[0], async join => {
      const name = 's21 dead node'
      const bob = join('y-websocket-31', name, { port: nodes[1].port })
      await bob.synced()
      bob.say({ user: { name: 'Bob' } })
      const dead = join('hocuspocus-3', name, { port: nodes[0].port })
      dead.say({ user: { name: 'on the node that dies' } })
      await until('Bob sees them', () => bob.others.has(dead.id))
      const from = performance.now()
      await nodes[0].kill()
      // A client drops by itself what it has not heard of for 30 s: somebody new is asked.
      await until('a newcomer is not told of them', async () => {
        const newcomer = join('y-websocket-31', name, { port: nodes[1].port })
        await newcomer.synced()
        await until('it is told of Bob', () => newcomer.others.has(bob.id))
        const told = newcomer.others.has(dead.id)
        newcomer.end()
        return !told
      }, { within: 40_000 })
      t.diagnostic(`gone after ${((performance.now() - from) / 1000).toFixed(1)} s, 30 promised`)
    })
    await nodes.end()
  })

  test('s21_a client that is sent nothing for 15 s gets an empty awareness message', { skip: oursOnly }, async () => {
    const raw = await RawYjs.open(server, 'silent')
    await raw.hello()
    const message = await raw.got('awareness', { within: 17_000 })
    assert.deepEqual([...message.payload], [0])
    raw.end()
  })
})
