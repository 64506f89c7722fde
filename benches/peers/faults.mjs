// The same faults for two nodes of this server and of @hocuspocus/server with its Redis extension: how many letters
// that were acknowledged are lost, and how long people on the two nodes see different things.
//
//   node benches/peers/faults.mjs [ROUNDS]
//   UNISSON_BIN names our program (default: the release build); FAULT and TARGET choose. Node's packages have to be
//   installed here and in tests/clients.
//
// People type by hand-made frames of the Hocuspocus dialect, the same for both: a letter is acknowledged by a
// SyncStatus of 1. After each fault everybody leaves, the nodes are started again, and somebody new looks.

import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
process.env.UNISSON_BIN ??= path.resolve(here, '../../target/release/unisson')
const kit = file => import(`../../tests/clients/kit/${file}.mjs`)
const { Nodes } = await kit('nodes')
const { Cluster } = await kit('postgres')
const { Redis } = await kit('redis')
const { Typist } = await kit('typist')
const { freePort } = await kit('port')
const { until } = await kit('wait')
const { RawHocuspocus } = await kit('wire')
const { atEnd } = await kit('ending')

const ROUNDS = Number(process.argv[2] ?? 3)
// Longer than anybody looks: "never" in the table.
const PATIENCE_MS = 60_000
const OUTAGE_MS = 8_000
const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

class HocuspocusNode {
  async up () {
    this.child = spawn(process.execPath, [path.join(here, 'hocuspocus-cluster.mjs'), String(this.port), String(this.redisPort), this.url], { stdio: 'ignore' })
    this.over = new Promise(resolve => this.child.on('exit', resolve))
    await until('the node answers', async () => (await fetch(`http://127.0.0.1:${this.port}/`)).ok, { within: 30_000 })
  }

  async kill () {
    this.child.kill('SIGKILL')
    await this.over
  }

  get collab () { return `ws://127.0.0.1:${this.port}/collab` }
}

async function hocuspocus () {
  const [cluster, redis] = [await Cluster.start(), await Redis.start()]
  const nodes = []
  for (let i = 0; i < 2; i++) {
    const node = Object.assign(new HocuspocusNode(), { port: await freePort(), redisPort: redis.port, url: cluster.url })
    atEnd(() => node.child?.kill('SIGKILL'))
    await node.up()
    nodes.push(node)
  }
  return {
    nodes,
    redis,
    cluster,
    async end () {
      for (const node of nodes) await node.kill()
      await redis.end()
      await cluster.end()
    }
  }
}

async function unisson () {
  const nodes = await Nodes.start(2, { config: '[limits]\nidle_room_ms = 1000\n' })
  return { nodes, redis: nodes.redis, cluster: nodes.cluster, end: () => nodes.end() }
}

const shown = async (node, name) => {
  const raw = await RawHocuspocus.open(node)
  await raw.hello(name)
  const doc = raw.document(name)
  raw.end()
  return doc
}

/** Letters that were acknowledged to the typists and are not there once all nodes were started again. */
async function lost (world, name, typists) {
  for (const one of typists) one.end()
  // What is stored some seconds after an edit has its time.
  await pause(world.settleMs ?? 0)
  for (const node of world.nodes) await node.kill()
  for (const node of world.nodes) await node.up()
  let count = 0
  for (const node of world.nodes) {
    const doc = await shown(node, name)
    const gone = typists.map(one => {
      const has = doc.store.clients.get(one.id)?.reduce((most, struct) => Math.max(most, struct.id.clock + struct.length), 0) ?? 0
      return Math.max(0, one.acknowledged - has)
    })
    count = Math.max(count, gone.reduce((sum, n) => sum + n))
  }
  return { lost: count, acknowledged: typists.reduce((sum, one) => sum + one.acknowledged, 0) }
}

const FAULTS = {
  async 'a node is killed, alone with its people' (world, name) {
    const ann = await typist(world.nodes[0], name, 'a')
    for (let i = 0; i < 60; i++) { ann.type(1); await pause(20) }
    await world.nodes[0].kill()
    await world.nodes[0].up()
    return lost(world, name, [ann])
  },

  async 'a node is killed, others have it open on the other node' (world, name) {
    const [ann, bob] = [await typist(world.nodes[0], name, 'a'), await typist(world.nodes[1], name, 'b')]
    for (let i = 0; i < 60; i++) { ann.type(1); bob.type(1); await pause(20) }
    await world.nodes[0].kill()
    await world.nodes[0].up()
    return lost({ ...world, settleMs: 12_000 }, name, [ann, bob])
  },

  async 'Redis is killed, and back after 8 s; both sides type on' (world, name) {
    return redisOutage(world, name, true)
  },

  async 'the same; nobody types once Redis is back' (world, name) {
    return redisOutage(world, name, false)
  },

  async 'Redis is away for 8 s, and both nodes are killed during it' (world, name) {
    const typists = [await typist(world.nodes[0], name, 'a'), await typist(world.nodes[1], name, 'b')]
    for (const one of typists) one.type(20)
    await pause(500)
    await world.redis.kill()
    const over = performance.now() + OUTAGE_MS
    while (performance.now() < over) { for (const one of typists) one.type(1); await pause(50) }
    for (const node of world.nodes) await node.kill()
    await world.redis.up()
    for (const node of world.nodes) await node.up()
    return lost(world, name, typists)
  },

  async 'Redis is away for 8 s, then everybody leaves' (world, name) {
    const typists = [await typist(world.nodes[0], name, 'a'), await typist(world.nodes[1], name, 'b')]
    await world.redis.kill()
    const over = performance.now() + OUTAGE_MS
    while (performance.now() < over) { for (const one of typists) one.type(1); await pause(50) }
    for (const one of typists) one.end()
    await pause(3000)
    await world.redis.up()
    await pause(3000)
    return lost({ ...world, settleMs: 12_000 }, name, typists)
  }
}

async function typist (node, name, text) {
  return Object.assign(await Typist.open('hocuspocus', node, name, { text }), { text })
}

async function redisOutage (world, name, typeOn) {
  const typists = [await typist(world.nodes[0], name, 'a'), await typist(world.nodes[1], name, 'b')]
  const write = () => { for (const one of typists) one.type(1) }
  for (const one of typists) one.type(20)
  await until('each has what the other wrote', () => together(name, typists), { within: 20_000 })
  await world.redis.kill()
  // The longest stretch in which they were not together. Letters on their way are a short one.
  let [apartMs, since] = [0, undefined]
  const look = () => {
    if (together(name, typists)) since = undefined
    else since ??= performance.now()
    if (since) apartMs = Math.max(apartMs, performance.now() - since)
    return since === undefined
  }
  const cut = performance.now()
  while (performance.now() - cut < OUTAGE_MS) {
    write()
    for (let i = 0; i < 20; i++) { look(); await pause(50) }
  }
  await world.redis.up()
  const back = performance.now()
  let writeAt = back + 1000
  while (!look() && performance.now() - back < PATIENCE_MS) {
    if (typeOn && performance.now() > writeAt) { write(); writeAt += 1000 }
    await pause(50)
  }
  const afterMs = since === undefined ? performance.now() - back : Infinity
  return { apartMs, afterMs, ...await lost({ ...world, settleMs: 12_000 }, name, typists) }
}

/** Whether each of the two has been sent all that the other typed. */
function together (name, [one, two]) {
  return one.raw.document(name).getText(two.text).length === two.sent && two.raw.document(name).getText(one.text).length === one.sent
}

const median = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
const time = ms => ms === undefined ? '–' : ms === Infinity ? `not within ${PATIENCE_MS / 1000} s` : `${(ms / 1000).toFixed(1)} s`

const only = process.env.FAULT
for (const [target, make] of Object.entries({ 'unisson': unisson, '@hocuspocus/server': hocuspocus })) {
  if (process.env.TARGET && process.env.TARGET !== target) continue
  const world = await make()
  for (const [what, fault] of Object.entries(FAULTS)) {
    if (only && !what.includes(only)) continue
    const results = []
    for (let round = 0; round < ROUNDS; round++) results.push(await fault(world, `${what} ${round}`))
    const sum = key => results.reduce((total, one) => total + one[key], 0)
    console.log(`${target} | ${what} | lost ${sum('lost')} of ${sum('acknowledged')} acknowledged | apart ${time(median(results.map(one => one.apartMs)))} | together ${time(median(results.map(one => one.afterMs)))} after Redis was back`)
  }
  await world.end()
}
process.exit(0)
