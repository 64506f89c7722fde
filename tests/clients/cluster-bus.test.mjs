// What may happen between nodes: letters that are relayed and not committed when their node dies, and messages that
// are lost, doubled, late or out of order. Rules S7 and S8.

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { agreed, same } from './kit/agreement.mjs'
import { arena } from './kit/clients.mjs'
import { authorsOf, doubled, readLog } from './kit/log.mjs'
import { measured } from './kit/measured.mjs'
import { Nodes, clusterMissing } from './kit/nodes.mjs'
import * as people from './kit/people.mjs'
import { DOUBLE, DROP, SWAP } from './kit/redis.mjs'
import { until } from './kit/wait.mjs'

const skip = clusterMissing
let nodes
before(async () => { if (!skip) nodes = await Nodes.start(3) })
afterEach(() => nodes?.heal())
after(() => nodes?.end())

const DIALECTS = [['hocuspocus-4', 'y-websocket-31'], ['y-websocket-31', 'hocuspocus-4'], ['hocuspocus-3', 'hocuspocus-4']]

describe('the node that heard an update writes it', { skip, timeout: 120_000 }, () => {
  for (const [annsKind, bobsKind] of DIALECTS) {
    test(`s7_letters that were only relayed are brought along by who builds on them, when their node and their writer die (${annsKind}, ${bobsKind})`, t => arena(nodes[0], async join => {
      const name = `s7 ${annsKind} ${bobsKind}`
      const [annsToken, bobsToken] = [await nodes[0].token(name, { user: people.ann }), await nodes[1].token(name, { user: people.bob })]
      const ann = join(annsKind, name, { port: nodes[0].port, token: annsToken })
      const bob = join(bobsKind, name, { port: nodes[1].port, token: bobsToken })
      ann.append('Before. ')
      await ann.saved()
      await bob.shows('Before. ')
      await bob.saved()
      // Node 1 loses the database without noticing. Ann's letters go to node 2 all the same.
      nodes[0].toDatabase.hush()
      ann.append('Ann\'s letters. ')
      await bob.shows('Before. Ann\'s letters. ')
      bob.append('Bob\'s behind them.')
      await bob.saved({ within: 10_000 })
      // They are in the log at the very moment of the acknowledgement.
      const early = await readLog(nodes.cluster, name)
      assert.equal(early.doc.getText('text').toString(), 'Before. Ann\'s letters. Bob\'s behind them.')
      ann.end()
      await nodes[0].kill()
      nodes[0].toDatabase.cut()
      bob.end()
      await nodes[1].kill()
      nodes[0].toDatabase.speak()
      for (const node of [nodes[0], nodes[1]]) await node.up()
      for (const [i, node] of nodes.entries()) {
        const newcomer = join(i % 2 ? 'y-websocket-31' : 'hocuspocus-4', name, { port: node.port, token: bobsToken })
        await newcomer.synced()
        await newcomer.shows('Before. Ann\'s letters. Bob\'s behind them.')
      }
      const log = await readLog(nodes.cluster, name)
      assert.deepEqual(authorsOf(log, ann.id), new Set([people.ann]))
      assert.deepEqual(authorsOf(log, bob.id), new Set([people.bob]))
      assert.equal(doubled(log), 0)
    }))
  }

  test('s7_what was heard and not announced as committed for two seconds is written by who holds it', t => arena(nodes[0], async join => {
    const name = 's7 orphan'
    const ann = join('hocuspocus-4', name, { port: nodes[0].port, token: await nodes[0].token(name, { user: people.ann }) })
    const bob = join('hocuspocus-4', name, { port: nodes[1].port, token: await nodes[1].token(name, { user: people.bob }) })
    await ann.saved()
    await bob.saved()
    nodes[0].toDatabase.hush()
    ann.append('heard, not written')
    await bob.shows('heard, not written')
    ann.end()
    await nodes[0].kill()
    nodes[0].toDatabase.cut()
    await measured(t, 'the letters are in the log', 3000, async () => (await readLog(nodes.cluster, name)).doc.getText('text').length === 18)
    const log = await readLog(nodes.cluster, name)
    assert.deepEqual(authorsOf(log, ann.id), new Set([people.ann]))
    await nodes.heal()
    await agreed(nodes, name, [bob])
  }))

  test('s7_a node that comes back to the database late acknowledges what another wrote', t => arena(nodes[0], async join => {
    const name = 's7 late'
    const ann = join('hocuspocus-4', name, { port: nodes[0].port })
    const [bob, cid] = [join('y-websocket-31', name, { port: nodes[1].port }), join('hocuspocus-3', name, { port: nodes[2].port })]
    await same([ann, bob, cid])
    nodes[0].toDatabase.shut()
    ann.append('written by another. ')
    await bob.shows('written by another. ')
    await until('another has written it', async () => (await readLog(nodes.cluster, name)).doc.getText('text').length === 20, { within: 15_000 })
    bob.append('And on.')
    await bob.saved()
    nodes[0].toDatabase.open()
    await ann.saved({ within: 30_000 })
    const log = await agreed(nodes, name, [ann, bob, cid])
    assert.equal(log.doc.getText('text').length, 27)
    t.diagnostic(`${doubled(log)} of 27 letters stand in the log twice`)
  }))

  test('s11_what is known from another node only is acknowledged when it is committed, and not before', () => arena(nodes[0], async join => {
    const name = 's11 heard'
    const ann = join('hocuspocus-4', name, { port: nodes[0].port })
    const bob = join('hocuspocus-4', name, { port: nodes[1].port })
    await same([ann, bob])
    nodes[0].toDatabase.hush()
    ann.append('only heard')
    await bob.shows('only heard')
    // Somebody brings the same letters to node 2.
    const cid = join('hocuspocus-4', name, { port: nodes[1].port, doc: ann.doc })
    await cid.saved({ within: 15_000 })
    const { doc } = await readLog(nodes.cluster, name)
    assert.equal(doc.getText('text').toString(), 'only heard')
    nodes[0].toDatabase.speak()
    await ann.saved()
  }))
})

describe('the bus is a hint', { skip, timeout: 180_000 }, () => {
  const pair = async (join, name) => {
    const ann = join('hocuspocus-4', name, { port: nodes[0].port })
    const [bob, cid] = [join('y-websocket-31', name, { port: nodes[1].port }), join('hocuspocus-3', name, { port: nodes[2].port })]
    await same([ann, bob, cid])
    return [ann, bob, cid]
  }

  test('s8_lost messages are repaired from the log within a second', t => arena(nodes[0], async join => {
    const [ann, bob, cid] = await pair(join, 's8 lost')
    nodes[1].toRedis.fate = () => DROP
    ann.append('lost on the way. ')
    await ann.saved()
    await measured(t, 'Bob has them all the same', 1000, () => bob.text === ann.text)
    assert.ok(nodes[1].toRedis.dropped > 0, 'something was lost')
    for (let i = 0; i < 5; i++) {
      ann.append(`${i}`)
      cid.insert(0, `${i}`)
      await measured(t, `round ${i}`, 1000, () => bob.text === ann.text && bob.text === cid.text && ann.isSaved && bob.length === 17 + 2 * (i + 1))
    }
    nodes[1].toRedis.behave()
    await agreed(nodes, 's8 lost', [ann, bob, cid])
  }))

  test('s8_the one message that is lost in the middle of a burst is repaired, and what builds on it waits for it', t => arena(nodes[0], async join => {
    const [ann, bob, cid] = await pair(join, 's8 one')
    for (let round = 0; round < 6; round++) {
      let count = 0
      nodes[1].toRedis.fate = () => ++count === 2 ? DROP : 'pass'
      for (let i = 0; i < 8; i++) {
        ann.append('x')
        await until('the next turn of the node', () => cid.length === ann.length)
      }
      await measured(t, `round ${round}`, 1000, () => bob.length === ann.length)
    }
    await agreed(nodes, 's8 one', [ann, bob, cid])
  }))

  for (const [what, fate] of [['doubled', () => DOUBLE], ['that overtake one another', () => SWAP]]) {
    test(`s8_messages ${what} neither lose nor double anything`, t => arena(nodes[0], async join => {
      const name = `s8 ${what}`
      const all = await pair(join, name)
      for (const node of nodes) node.toRedis.fate = fate
      for (let i = 0; i < 40; i++) {
        all[i % 3].insert(Math.floor(all[i % 3].length / 2), `${i % 10}`)
        if (i % 4 === 0) await until('another sees it', () => all[(i + 1) % 3].length > i / 2)
      }
      const log = await agreed(nodes, name, all)
      assert.equal(log.doc.getText('text').length, 40)
      t.diagnostic(`${doubled(log)} of 40 letters stand in the log twice`)
    }))
  }

  test('s8_messages that are late, in a random order, doubled or lost', t => arena(nodes[0], async join => {
    const name = 's8 all'
    const all = await pair(join, name)
    const seed = Number(process.env.SEED ?? Date.now() % 100_000)
    t.diagnostic(`SEED=${seed}`)
    for (const [i, node] of nodes.entries()) node.toRedis.misbehave(seed + i, { drop: 20, double: 20, swap: 20, late: 30, lateMs: 600 })
    for (let i = 0; i < 90; i++) {
      const one = all[i % 3]
      one.insert(Math.floor(one.length / 2), `${i % 10}`)
      if (i % 5 === 0) await one.saved()
    }
    await measured(t, 'all hold the same', 1600, () => all.every(one => one.text === all[0].text && one.length === 90))
    await agreed(nodes, name, all)
  }))

  test('s8_without Redis the other nodes see it within five seconds, and at once when it is back', t => arena(nodes[0], async join => {
    const name = 's8 without'
    const all = await pair(join, name)
    const [ann, bob, cid] = all
    nodes[1].toRedis.shut()
    for (let i = 0; i < 3; i++) {
      ann.append('a')
      await ann.saved()
      await measured(t, 'Bob, who has no Redis, sees it', 5000, () => bob.text === ann.text)
      bob.append('b')
      await bob.saved()
      await measured(t, 'the others see what Bob wrote', 5000, () => ann.text === bob.text && cid.text === bob.text)
    }
    nodes[1].toRedis.open()
    await until('it is as before', async () => {
      const [length, from] = [bob.length, performance.now()]
      ann.append('.')
      await until('Bob sees it', () => bob.length > length, { within: 10_000 })
      return performance.now() - from < 300 || Promise.reject(new Error(`it still takes ${(performance.now() - from).toFixed(0)} ms`))
    }, { within: 30_000 })
    await agreed(nodes, name, all)
  }))
})
