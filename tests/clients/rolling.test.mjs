// Three nodes behind nginx: each is started again in turn while people write, and a thousand come at once.
//   JOINERS=n  so many come

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { agreed, same } from './kit/agreement.mjs'
import { arena } from './kit/clients.mjs'
import { Nginx, nginxMissing } from './kit/nginx.mjs'
import { Nodes, clusterMissing } from './kit/nodes.mjs'
import { random } from './kit/random.mjs'
import { until } from './kit/wait.mjs'
import { RawHocuspocus, bytes, emptyVector, readYjsFrame, sized } from './kit/wire.mjs'

const skip = clusterMissing || nginxMissing() || false
const JOINERS = Number(process.env.JOINERS ?? 1000)
let nodes
let nginx
before(async () => {
  if (skip) return
  nodes = await Nodes.start(3, { config: 'drain_seconds = 20\n[limits]\nidle_room_ms = 1000\n' })
  nginx = await Nginx.before(nodes)
})
afterEach(() => nodes?.heal())
after(async () => {
  await nginx?.end()
  await nodes?.end()
})

describe('a release is rolled out', { skip, timeout: 180_000 }, () => {
  test('s22_each of three nodes is started again in turn: no edit is lost, nobody is refused, and people come back spread out', t => arena(nodes[0], async join => {
    const name = 'rolling'
    const kinds = ['hocuspocus-4', 'y-websocket-31', 'hocuspocus-3', 'y-websocket-30', 'y-websocket-2', 'y-websocket-rc5']
    const people = Array.from({ length: 24 }, (_, i) => join(kinds[i % kinds.length], name, { port: nginx.port }))
    await same(people)
    // Bystanders in rooms of their own, to see how the ends are spread.
    const closes = []
    const bystanders = Array.from({ length: 150 }, (_, i) => {
      const socket = join.keep(new WebSocket(`ws://127.0.0.1:${nginx.port}/yjs/bystander%20${i % 10}`))
      socket.end = () => socket.terminate()
      socket.on('error', () => {})
      socket.on('open', () => socket.send(bytes(0, 0, sized(emptyVector))))
      socket.on('close', (code, reason) => closes.push({ code, reason: reason.toString(), at: performance.now() }))
      return socket
    })
    await until('the bystanders are in', () => bystanders.every(socket => socket.readyState === WebSocket.OPEN))
    let written = 0
    const write = () => {
      for (const one of people) if ((written + people.indexOf(one)) % 3 === 0) one.insert(Math.floor(one.length / 2), 'x')
      written++
    }
    for (const [i, node] of nodes.entries()) {
      const gone = closes.length
      let next = 0
      const draining = node.drain()
      let code
      draining.then(result => { code = result })
      await until(`node ${i + 1} has ended`, () => {
        if (performance.now() > next) { write(); next = performance.now() + 60 }
        return code !== undefined
      }, { within: 40_000 })
      assert.equal(code, 0)
      const batch = closes.slice(gone)
      const first = batch[0]?.at ?? 0
      const slices = batch.map(one => Math.floor((one.at - first) / 250))
      const busiest = Math.max(0, ...[...new Set(slices)].map(slice => slices.filter(one => one === slice).length))
      t.diagnostic(`node ${i + 1}: ${batch.length} bystanders sent away within ${((batch.at(-1)?.at ?? 0) - first).toFixed(0)} ms, at most ${busiest} in a quarter of a second`)
      assert.ok(batch.every(one => one.code === 1012), `sent away with ${[...new Set(batch.map(one => `${one.code} ${one.reason}`))]}`)
      if (batch.length >= 30) assert.ok(busiest < batch.length * 0.6, 'they are sent away in slices')
      await node.up()
      write()
    }
    await agreed(nodes, name, people)
    for (const one of people) {
      assert.deepEqual(one.failures ?? one.denials, [], `${one.kind} was refused`)
      assert.ok(one.journal.closes.every(code => code === 1012), `${one.kind} was sent away with ${one.journal.closes}, ${one.journal.errors}`)
    }
  }))
})

/** The bytes of a document on which somebody has worked for long. */
function longDocument () {
  const doc = new Y.Doc()
  const text = doc.getText('text')
  const rng = random(20)
  for (let i = 0; i < 12_000; i++) {
    const at = rng.below(text.length + 1)
    if (rng.chance(25) && text.length > 4) text.delete(Math.min(at, text.length - 3), 3)
    else text.insert(at, rng.word())
  }
  return doc
}

describe('many come at once', { skip, timeout: 180_000 }, () => {
  for (const [what, earlier] of [['with nothing', false], ['with an older copy', true]]) {
    test(`s20_${JOINERS} who join a large document at once ${what} cost one reading of it`, async t => {
      const name = `s20 ${what}`
      const doc = longDocument()
      const half = Y.encodeStateVector(doc)
      const ann = await RawHocuspocus.open(nodes[0])
      await ann.hello(name)
      ann.update(name, Y.encodeStateAsUpdate(doc))
      await ann.got('status', { nth: 2, within: 30_000 })
      if (earlier) {
        doc.getText('text').insert(100, 'what they lack '.repeat(50))
        ann.update(name, Y.encodeStateAsUpdate(doc, half))
        await ann.got('status', { nth: 3 })
      }
      ann.end()
      // Node 2 has never heard of it.
      const node = nodes[1]
      const before = await node.metrics()
      const reads = async () => {
        const rows = await nodes.cluster.rows('select sum(coalesce(seq_scan, 0) + coalesce(idx_scan, 0)) as n from pg_stat_user_tables where relname in (\'updates\', \'snapshots\', \'snapshot_parts\')')
        return Number(rows[0].n)
      }
      const readBefore = await reads()
      const from = performance.now()
      const residentBefore = node.residentMiB()
      const message = bytes(0, 0, sized(earlier ? half : emptyVector))
      let [served, sent] = [0, 0]
      const sockets = Array.from({ length: JOINERS }, () => {
        const socket = new WebSocket(`${node.yjs}/${encodeURIComponent(name)}`, { perMessageDeflate: false })
        socket.on('open', () => socket.send(message))
        socket.on('error', () => {})
        socket.on('message', frame => {
          sent += frame.length
          if (readYjsFrame(new Uint8Array(frame)).some(m => m.kind === 'step2')) served++
        })
        return socket
      })
      let most = 0
      await until('all are served', () => {
        most = Math.max(most, node.residentMiB())
        return served === JOINERS || Promise.reject(new Error(`${served} are`))
      }, { within: 90_000 })
      const after = await node.metrics()
      const jobs = Object.keys(after).filter(key => key.startsWith('unisson_worker_jobs_total')).reduce((sum, key) => sum + after[key] - (before[key] ?? 0), 0)
      t.diagnostic(`${JOINERS} served in ${(performance.now() - from).toFixed(0)} ms, ${(sent / 1e6).toFixed(1)} MB sent, ${jobs} jobs of workers, memory ${residentBefore.toFixed(0)} to ${most.toFixed(0)} MiB`)
      assert.ok(jobs <= 2, `${jobs} jobs of workers`)
      await until('the database has counted', async () => await reads() > readBefore)
      const read = await reads() - readBefore
      t.diagnostic(`${read} scans of the log`)
      assert.ok(read < 40, `${read} scans of the log`)
      for (const socket of sockets) socket.terminate()
    })
  }
})
