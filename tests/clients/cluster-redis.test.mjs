// Redis in its other shapes: a cluster of several, whose channels are sharded, and one that wants TLS and a password.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, test } from 'node:test'
import { same } from './kit/agreement.mjs'
import { arena } from './kit/clients.mjs'
import { Nodes, clusterMissing } from './kit/nodes.mjs'
import { freePort } from './kit/port.mjs'
import { RedisCluster } from './kit/redis-cluster.mjs'
import { Redis } from './kit/redis.mjs'
import { until } from './kit/wait.mjs'

const connected = node => async () => (await node.metrics()).unisson_bus_connected === 1

/** Two nodes on one PostgreSQL that talk over the Redis at `url`. */
async function two (url, env = {}) {
  const nodes = await Nodes.start(2, { redis: false, env: { ...env, UNISSON_REDIS: url } })
  for (const node of nodes) await until('the node is connected to Redis', connected(node))
  return nodes
}

/** What the nodes have heard of each other so far. */
const heard = async nodes => (await Promise.all(nodes.map(node => node.metrics()))).reduce((sum, figures) => sum + figures.unisson_bus_received_total, 0)

/** Two people on two nodes write in `count` documents, and read each other by way of Redis. */
async function converse (nodes, name, count = 8) {
  await arena(nodes[0], async join => {
    const before = await heard(nodes)
    for (let i = 0; i < count; i++) {
      const [ann, bob] = nodes.map((node, at) => join(at ? 'y-websocket-31' : 'hocuspocus-4', `${name} ${i}`, { port: node.port }))
      await Promise.all([ann.synced(), bob.synced()])
      ann.append('Ann. ')
      await bob.shows('Ann. ')
      bob.append('Bob.')
      await ann.shows('Ann. Bob.')
      await Promise.all([ann.saved(), bob.saved()])
      same([ann, bob])
    }
    assert.ok(await heard(nodes) >= before + 2 * count, 'it came over Redis, not by way of the database')
  })
}

describe('Redis in other shapes', { skip: clusterMissing, timeout: 180_000 }, () => {
  test('s8_nodes hear each other over a Redis Cluster, and again after one of its servers was killed', async () => {
    const redis = await RedisCluster.start()
    let nodes
    try {
      nodes = await two(redis.url)
      await converse(nodes, 'cluster')
      await redis.members[1].kill()
      // A third of the documents has nobody to carry its messages: they come by way of the database, and nothing is lost.
      await arena(nodes[0], async join => {
        for (let i = 0; i < 6; i++) {
          const [ann, bob] = nodes.map((node, at) => join(at ? 'y-websocket-31' : 'hocuspocus-4', `one is away ${i}`, { port: node.port }))
          await Promise.all([ann.synced(), bob.synced()])
          ann.append('Ann.')
          await bob.shows('Ann.', { within: 5_000 })
        }
      })
      await redis.members[1].up()
      for (const node of nodes) await until('the node is connected again', connected(node), { within: 20_000 })
      await converse(nodes, 'cluster again')
    } finally {
      await nodes?.end()
      await redis.end()
    }
  })

  test('TLS with a password and an authority of one\'s own; a server of another authority is not believed', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'unisson-tls-'))
    const file = name => path.join(folder, name)
    const openssl = (...args) => execFileSync('openssl', args, { stdio: 'ignore', cwd: folder })
    for (const ca of ['ours', 'theirs']) {
      openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${ca}`, '-keyout', `${ca}.key`, '-out', `${ca}.pem`)
    }
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', 'redis.key', '-out', 'redis.csr')
    openssl('x509', '-req', '-in', 'redis.csr', '-CA', 'ours.pem', '-CAkey', 'ours.key', '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy', '-out', 'redis.pem')
    const port = await freePort()
    const redis = await Redis.start({
      args: ['--tls-port', String(port), '--tls-cert-file', file('redis.pem'), '--tls-key-file', file('redis.key'), '--tls-ca-cert-file', file('ours.pem'), '--tls-auth-clients', 'no',
        '--user', 'default', 'on', 'nopass', '+ping', '--user', 'unisson', 'on', '>secret', '&unisson:*', '+@pubsub', '+@connection', '+client', '+ping']
    })
    const url = `rediss://unisson:secret@localhost:${port}/`
    let nodes
    try {
      nodes = await two(url, { SSL_CERT_FILE: file('ours.pem') })
      await converse(nodes, 'tls', 2)
      const stranger = await nodes.add({ env: { SSL_CERT_FILE: file('theirs.pem'), UNISSON_REDIS: url } })
      await until('the third node says that Redis is away', () => /Redis is away/.test(stranger.log))
      assert.equal((await stranger.metrics()).unisson_bus_connected, 0)
      assert.ok(!nodes.some(node => node.log.includes('secret')), 'the password stays out of the log')
    } finally {
      await nodes?.end()
      await redis.end()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
