// Twelve people in both dialects edit everything at once while lines are cut, the server is killed and its
// store stalls. At the end all hold the same, and a newcomer gets just that, also after one more kill.
//   SEED=n plays one plan again; SEEDS=n plays n of them.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as Y from 'yjs'
import { arena } from './kit/clients.mjs'
import { breathe, contents, edit } from './kit/edits.mjs'
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
