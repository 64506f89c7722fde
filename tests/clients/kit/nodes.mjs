// Several nodes on one PostgreSQL and one Redis, each behind wires of its own that can be cut.
//
//   const nodes = await Nodes.start(3)
//   nodes[0].toDatabase.hush()      node 1 hears nothing from PostgreSQL any more
//   nodes[1].toRedis.shut()         node 2 has lost Redis
//   await nodes[2].kill()           node 3 is dead; nodes[2].up() brings it back

import { Cluster, postgresMissing } from './postgres.mjs'
import { Proxy } from './proxy.mjs'
import { BusProxy, Redis, redisMissing } from './redis.mjs'
import { Server, oursOnly } from './server.mjs'

/** Why there can't be several nodes here, or false: for `{ skip }`. */
export const clusterMissing = oursOnly || postgresMissing() || redisMissing() || false

export class Node extends Server {
  /** On its own wires to `cluster` and, where there is one, `redis`. */
  static async join (cluster, redis, { env, ...options } = {}) {
    const toDatabase = await Proxy.to(cluster.port)
    const toRedis = redis && await BusProxy.to(redis.port)
    const url = new URL(cluster.url)
    url.port = String(toDatabase.port)
    const node = await this.start({
      ...options,
      database: url.toString(),
      env: { ...env, ...toRedis && { UNISSON_REDIS: `redis://127.0.0.1:${toRedis.port}/` } }
    })
    return Object.assign(node, { toDatabase, toRedis, direct: cluster })
  }

  // The command line asks the database, and not over the wire that a test has cut.
  token (document, options) {
    return super.token(document, { ...options, database: this.direct.url })
  }

  async end () {
    if (this.child && !this.child.over) this.resume()
    await super.end()
    await this.toDatabase.end()
    await this.toRedis?.end()
  }
}

export class Nodes extends Array {
  static async start (count, { redis = true, ...options } = {}) {
    const nodes = new Nodes()
    nodes.cluster = await Cluster.start()
    nodes.redis = redis ? await Redis.start() : undefined
    nodes.options = options
    try {
      for (let i = 0; i < count; i++) await nodes.add()
    } catch (error) {
      await nodes.end()
      throw error
    }
    return nodes
  }

  // A slice of the nodes is a plain list.
  static get [Symbol.species] () { return Array }

  async add (options) {
    const node = await Node.join(this.cluster, this.redis, { ...this.options, ...options })
    this.push(node)
    return node
  }

  /** The database goes on as another server at another port, with the same data. */
  async failOver () {
    await this.cluster.failOver()
    for (const node of this) {
      node.toDatabase.target = this.cluster.port
      node.toDatabase.cut()
    }
  }

  /** Everything is whole again, and every node runs. */
  async heal () {
    if (!this.cluster.isUp) await this.cluster.up()
    if (this.redis?.child.over) await this.redis.up()
    this.redis?.resume()
    for (const node of this) {
      node.toDatabase.open()
      node.toDatabase.speak()
      node.toRedis?.open()
      node.toRedis?.speak()
      node.toRedis?.behave()
      if (node.child.over) await node.up()
      else node.resume()
    }
  }

  async end () {
    for (const node of this) await node.end()
    await this.redis?.end()
    await this.cluster.end()
  }
}
