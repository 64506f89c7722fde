// Random plans: people of all kinds and typists on several nodes edit everything at once, while lines between nodes,
// Redis and the database are cut, silent, late, doubled and out of order, and nodes, Redis and PostgreSQL are killed,
// paused and started again. At the end all hold the same, so do newcomers on every node and the log, and everything
// that was acknowledged is there, recorded under the name of who wrote it.
//   NODES=n  on so many nodes
//   SEED=n plays one plan again; SEEDS=n plays n of them, FIRST_SEED=n from this one on.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { agreed, emptied } from './kit/agreement.mjs'
import { arena } from './kit/clients.mjs'
import { breathe, edit } from './kit/edits.mjs'
import { authorsOf, doubled } from './kit/log.mjs'
import { Nodes, clusterMissing } from './kit/nodes.mjs'
import * as persons from './kit/people.mjs'
import { Proxy } from './kit/proxy.mjs'
import { random, seeds } from './kit/random.mjs'
import { Typist } from './kit/typist.mjs'

const KINDS = ['hocuspocus-4', 'y-websocket-31', 'hocuspocus-3', 'y-websocket-rc5', 'y-websocket-2', 'hocuspocus-4', 'yjs-14', 'y-websocket-30']
const NODES = Number(process.env.NODES ?? 3)
const ROUNDS = 7

const reachesDatabase = node => !node.toDatabase.silent && !node.toDatabase.closed

/** What may happen; each takes back what it can't leave at the next healing. */
const EVENTS = {
  'a person\'s line is cut': ({ person }) => person.cut(),
  'a person goes offline': ({ person }) => person.disconnect(),
  'all come back': ({ people }) => { for (const one of people) one.connect() },
  'a person moves to another node': ({ rng, world, person }) => world.move(person, rng.below(NODES)),
  'a person is gone for good': ({ world, person }) => world.replace(person),
  'a node is killed': async ({ rng, world, node }) => { await node.kill(); if (rng.chance(60) && reachesDatabase(node)) await node.up(); else world.scatter(node) },
  'a node is paused': ({ node }) => { if (!node.child.over) node.pause() },
  'a node loses Redis': ({ rng, node }) => rng.chance(50) ? node.toRedis.shut() : node.toRedis.hush(),
  'a node loses the database': ({ rng, node }) => rng.chance(50) ? node.toDatabase.shut() : node.toDatabase.hush(),
  'connections to the database are cut': ({ node }) => node.toDatabase.cut(),
  'the bus misbehaves': ({ rng, nodes }) => {
    for (const node of nodes) node.toRedis.misbehave(rng.next(), { drop: rng.below(40), double: rng.below(25), swap: rng.below(20), late: rng.below(15), lateMs: 800 })
  },
  'Redis is killed and started again': async ({ nodes }) => { await nodes.redis.kill(); await nodes.redis.up() },
  'PostgreSQL is killed and started again': async ({ nodes }) => { await nodes.cluster.down(); await nodes.cluster.up() },
  'the database fails over': ({ nodes }) => nodes.failOver(),
  'all is healed': ({ nodes }) => nodes.heal()
}
// PostgreSQL takes a second to start; the rest is quick.
const ODDS = [8, 8, 14, 12, 6, 9, 6, 9, 9, 5, 9, 3, 1, 1, 8]

function chosen (rng) {
  let roll = rng.below(ODDS.reduce((sum, odds) => sum + odds))
  const at = ODDS.findIndex(odds => (roll -= odds) < 0)
  return Object.entries(EVENTS)[at]
}

class World {
  people = []
  typists = []
  /** By client id, who it is. */
  names = new Map()

  constructor (nodes, join, name, rng) {
    Object.assign(this, { nodes, join, name, rng })
  }

  /** In every other plan everybody is somebody, each person at several screens; otherwise all are nameless. */
  async invite (seed) {
    this.tokens = []
    if (seed % 2 === 0) return
    for (const user of Object.values(persons)) this.tokens.push({ user, token: await this.nodes[0].token(this.name, { user }) })
  }

  someone () { return this.tokens.length ? this.rng.pick(this.tokens) : {} }

  /** Somebody behind a line of their own, which leads to one node and later perhaps to another. */
  async person (kind, at, { user, token } = this.someone()) {
    const line = this.join.keep(await Proxy.to(this.nodes[at].port))
    const one = this.join(kind, this.name, { port: line.port, token })
    one.line = line
    if (user) {
      this.names.set(one.id, user)
      one.say({ user: { name: user } })
    }
    return one
  }

  move (person, at) {
    person.line.target = this.nodes[at].port
    person.line.cut()
  }

  async replace (person) {
    person.end()
    this.people[this.people.indexOf(person)] = await this.person(person.kind, this.rng.below(NODES))
  }

  /** The people of a dead node go to the others, as behind a load balancer. */
  scatter (node) {
    const alive = this.nodes.filter(one => !one.child.over)
    if (alive.length === 0) return
    for (const one of this.people) if (one.line.target === node.port) one.line.target = this.rng.pick(alive).port
  }

  /** Typists type on; for one whose socket has closed somebody new comes, where there is a node that answers. */
  async type () {
    for (const typist of this.typists) typist.type(1 + this.rng.below(12))
    const sitting = this.typists.filter(one => one.open).length
    const answering = this.nodes.filter(node => !node.child.over && !node.paused && reachesDatabase(node))
    if (sitting >= 3 || answering.length === 0) return
    const { user, token } = this.someone()
    const opening = Typist.open(this.rng.chance(50) ? 'hocuspocus' : 'y-websocket', this.rng.pick(answering), this.name, { token, within: 3000 })
      .then(typist => {
        this.typists.push(this.join.keep(typist))
        if (user) this.names.set(typist.id, user)
      }, () => {})
    this.openings = [...this.openings ?? [], opening]
  }
}

/** What a node says of what waits in it. */
async function told (node) {
  const figures = await node.metrics()
  return Object.fromEntries(Object.entries(figures).filter(([name, value]) => value && /^unisson_(pending|bus_heard|bus_repairs|bus_rescued|bus_gaps|bus_missed|rooms|sessions|commit_failures)/.test(name)))
}

async function play (seed, nodes, t) {
  const rng = random(seed)
  await arena(nodes[0], async join => {
    const name = `plan of several nodes ${seed}`
    const world = new World(nodes, join, name, rng)
    const story = []
    try {
      await world.invite(seed)
      for (const [i, kind] of KINDS.entries()) world.people.push(await world.person(kind, i % NODES))
      for (let round = 0; round < ROUNDS; round++) {
        for (let i = 0; i < 24; i++) {
          edit(rng, rng.pick(world.people))
          if (i % 6 === 0) await world.type()
          if (rng.chance(40)) await breathe(rng)
        }
        const [what, event] = chosen(rng)
        const at = rng.below(NODES)
        story.push(`${what} (node ${at + 1})`)
        await event({ rng, world, nodes, node: nodes[at], person: rng.pick(world.people), people: world.people })
        await breathe(rng)
      }
      await nodes.heal()
      await Promise.all(world.openings ?? [])
      for (const one of world.people) one.connect()
      const log = await agreed(nodes, name, world.people.sort((a, b) => Number(a.is14) - Number(b.is14)), { typists: world.typists, within: 120_000, token: world.someone().token })
      for (const [client, user] of world.names) assert.deepEqual([...authorsOf(log, client)].filter(one => one !== user), [], `what ${client} wrote is recorded under another name`)
      if (doubled(log)) t.diagnostic(`${doubled(log)} structures stand in more than one row`)
    } catch (error) {
      const figures = await Promise.all(nodes.map(async node => JSON.stringify(await told(node).catch(() => 'does not answer'))))
      error.message = `SEED=${seed}: ${error.message}\nwhat happened: ${story.join('; ')}\nthe nodes: ${figures.join('; ')}`
      throw error
    } finally {
      await nodes.heal()
    }
  })
}

describe('people on several nodes converge', { concurrency: 1, skip: clusterMissing }, () => {
  let nodes
  let atFirst
  before(async () => {
    nodes = await Nodes.start(NODES, { config: '[limits]\nidle_room_ms = 2000\n' })
    atFirst = nodes.map(node => node.residentMiB())
  })
  after(() => nodes?.end())
  // The same plans each time, so that a red run means a change.
  for (const seed of seeds(6, 1)) {
    test(`s8_everyone holds the same in the end, plan SEED=${seed}`, { timeout: 400_000 }, t => play(seed, nodes, t))
  }

  test('s19_and the nodes have let go of all of it', { timeout: 90_000 }, () => emptied(nodes, atFirst, { slackMiB: 160 }))
})
