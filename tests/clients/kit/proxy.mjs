// A TCP proxy that misbehaves on demand: late, deaf, dumb, silent or cut. Stands between any two: a client and its
// node, a node and the database, a node and Redis.

import net from 'node:net'
import { once } from 'node:events'

export class Proxy {
  /** `port` is where the server listens; `this.port` is where clients connect. */
  constructor (port) {
    // May be changed: who connects from then on gets there.
    this.target = port
    this.pairs = new Set()
    this.delayMs = 0
    this.silent = false
    this.closed = false
    this.accepted = 0
    this.server = net.createServer(client => this.#join(client))
  }

  static async to (port) {
    const proxy = new this(port)
    proxy.server.listen(0, '127.0.0.1')
    await once(proxy.server, 'listening')
    proxy.server.unref()
    proxy.port = proxy.server.address().port
    return proxy
  }

  #join (client) {
    if (this.closed) return client.destroy()
    this.accepted++
    const upstream = net.connect(this.target, '127.0.0.1')
    const pair = { client, upstream, frozen: false, held: [], waiting: [] }
    this.pairs.add(pair)
    const leave = () => {
      if (pair.frozen) return
      if (this.silent) { pair.left = true; return }
      this.#part(pair)
    }
    const carry = (from, to) => from.on('data', bytes => {
      if (pair.frozen) return
      if (pair.down && from === upstream) return pair.held.push(bytes)
      if (this.silent) return pair.waiting.push([from, to, bytes])
      this.#pass(pair, from, to, bytes)
    })
    carry(client, upstream)
    carry(upstream, client)
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      socket.on('error', leave)
      socket.on('close', leave)
    }
  }

  #pass (pair, from, to, bytes) {
    const send = part => {
      if (this.delayMs === 0) return to.writable && to.write(part)
      setTimeout(() => to.writable && to.write(part), this.delayMs)
    }
    if (from === pair.upstream) this.answer(pair, bytes, send)
    else send(bytes)
  }

  /** What the server says goes through here: a proxy that knows its language may change it. */
  answer (pair, bytes, send) {
    send(bytes)
  }

  #part (pair) {
    pair.client.destroy()
    pair.upstream.destroy()
    this.pairs.delete(pair)
  }

  /** Both ends stay open and believe in each other; nothing passes any more. New connections work. */
  freeze () {
    for (const pair of this.pairs) pair.frozen = true
  }

  /**
   * A black hole: nothing passes, in old connections and new ones, and nobody is told. What was said meanwhile
   * arrives at `speak`, as a network that is whole again delivers it.
   */
  hush () {
    this.silent = true
  }

  speak () {
    this.silent = false
    for (const pair of [...this.pairs]) {
      for (const [from, to, bytes] of pair.waiting.splice(0)) this.#pass(pair, from, to, bytes)
      if (pair.left) this.#part(pair)
    }
  }

  /** What the server says is kept back (what the client says still passes), until `release`. */
  holdAnswers () {
    for (const pair of this.pairs) pair.down = true
  }

  release () {
    for (const pair of this.pairs) {
      pair.down = false
      for (const bytes of pair.held.splice(0)) pair.client.write(bytes)
    }
  }

  /** Cuts every connection there is, without a farewell. */
  cut () {
    for (const { client, upstream } of this.pairs) {
      client.resetAndDestroy()
      upstream.resetAndDestroy()
    }
    this.pairs.clear()
  }

  /** Like pulling the plug: cuts, and refuses whoever comes, until `open`. */
  shut () {
    this.closed = true
    this.cut()
  }

  open () {
    this.closed = false
  }

  async end () {
    this.closed = true
    for (const { client, upstream } of this.pairs) {
      client.destroy()
      upstream.destroy()
    }
    this.pairs.clear()
    this.server.close()
  }
}
