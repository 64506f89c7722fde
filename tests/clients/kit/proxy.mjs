// A TCP proxy that misbehaves on demand: late, deaf, dumb or cut. Stands between a client and the server.

import net from 'node:net'
import { once } from 'node:events'

export class Proxy {
  /** `port` is where the server listens; `this.port` is where clients connect. */
  constructor (port) {
    this.target = port
    this.pairs = new Set()
    this.delayMs = 0
    this.deaf = false
    this.closed = false
    this.accepted = 0
    this.server = net.createServer(client => this.#join(client))
  }

  static async to (port) {
    const proxy = new Proxy(port)
    proxy.server.listen(0, '127.0.0.1')
    await once(proxy.server, 'listening')
    proxy.port = proxy.server.address().port
    return proxy
  }

  #join (client) {
    if (this.closed) return client.destroy()
    this.accepted++
    const upstream = net.connect(this.target, '127.0.0.1')
    const pair = { client, upstream, frozen: false, held: [] }
    this.pairs.add(pair)
    const leave = () => {
      if (pair.frozen) return
      client.destroy()
      upstream.destroy()
      this.pairs.delete(pair)
    }
    const carry = (from, to) => from.on('data', bytes => {
      if (pair.frozen) return
      if (pair.down && from === upstream) return pair.held.push(bytes)
      if (this.delayMs === 0) return to.write(bytes)
      setTimeout(() => to.writable && to.write(bytes), this.delayMs)
    })
    carry(client, upstream)
    carry(upstream, client)
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      socket.on('error', leave)
      socket.on('close', leave)
    }
  }

  /** Both ends stay open and believe in each other; nothing passes any more. New connections work. */
  freeze () {
    for (const pair of this.pairs) pair.frozen = true
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
    this.server.close()
  }
}
