// The way for networks that let no WebSocket through: the browser's own class behind the real providers, and requests by
// hand for what it would never send.

import { randomBytes } from 'node:crypto'
import { EventReader, PostedSocket } from '../../../web-client/src/sync/posted.ts'
import { until } from './wait.mjs'
import { RawHocuspocus, bytes, readHocuspocusFrame } from './wire.mjs'

/** A class for `WebSocketPolyfill`. `journal` gets: opened, closes (codes), received (frames), sockets. */
export function posted (journal = {}, { headers } = {}) {
  Object.assign(journal, { opened: 0, closes: [], received: 0, sockets: [] })
  return class extends PostedSocket {
    constructor (url) {
      super(url, headers)
      journal.sockets.push(this)
      this.addEventListener('open', () => journal.opened++)
      this.addEventListener('close', ({ code }) => journal.closes.push(code))
      this.addEventListener('message', () => journal.received++)
    }
  }
}

/** Options for `connect`: a Hocuspocus client that takes this way. */
export function byPost (options = {}) {
  const journal = {}
  return { ...options, post: journal, socketOptions: { WebSocketPolyfill: posted(journal, options), ...options.socketOptions } }
}

export const newId = () => randomBytes(24).toString('base64url')

export function framed (...frames) {
  return Buffer.concat(frames.flatMap(frame => {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(frame.length)
    return [head, frame]
  }))
}

/** One connection by hand: each request is made when the test says so. */
export class RawPosted {
  messages = []
  at = 0
  seen = 0

  constructor (server, { id = newId(), headers = {}, port = server.port } = {}) {
    this.address = `http://127.0.0.1:${port}/collab/http/${id}`
    this.headers = { 'accept-language': 'en', ...headers }
  }

  static async open (server, options) {
    const raw = new RawPosted(server, options)
    const answer = await raw.ask('/open', { method: 'POST' })
    if (answer.status !== 201) throw new Error(`it is refused with ${answer.status}`)
    raw.limits = await answer.json()
    await raw.listen()
    return raw
  }

  ask (path, { headers, ...init } = {}) {
    return fetch(this.address + path, { ...init, headers: { ...this.headers, ...headers } })
  }

  /** Opens an event stream behind what has been seen; what comes is gathered until the stream ends. */
  async listen (after = this.seen) {
    const cutter = new AbortController()
    const answer = await this.ask(`/events?after=${after}`, { signal: cutter.signal })
    if (!answer.ok) return answer
    this.streams = (this.streams ?? 0) + 1
    this.stop = () => cutter.abort()
    this.ended = (async () => {
      const events = new EventReader()
      for await (const part of answer.body) {
        for (const { id, event, data } of events.read(part)) {
          if (event === 'close') this.closed = JSON.parse(data)
          else {
            this.numbers = [...this.numbers ?? [], id]
            this.seen = id
            this.messages.push(...readHocuspocusFrame(new Uint8Array(Buffer.from(data, 'base64'))))
          }
        }
      }
    })().catch(() => {})
    return answer
  }

  post (piece, { at = this.at, query = '', ...init } = {}) {
    return this.ask(`?at=${at}${query}`, { method: 'POST', body: piece, ...init })
  }

  /** Sends pieces one after the other, in the order they were handed over. */
  send (...parts) {
    const piece = framed(bytes(...parts))
    const at = this.at
    this.at += piece.length
    this.sending = (this.sending ?? Promise.resolve()).then(async () => {
      this.status = (await this.post(piece, { at })).status
    }).catch(error => { this.failure = error.message })
    return this
  }

  get open () { return this.closed === undefined }

  async end () {
    this.stop()
    await this.ask('', { method: 'DELETE' }).catch(() => {})
  }

  /** The connection is gone on the server. */
  async over (within = 15_000) {
    await until('the connection is over', async () => (await this.ask('?at=0', { method: 'POST' })).status === 404, { within })
  }
}

for (const name of ['count', 'of', 'got', 'document', 'auth', 'step1', 'step2', 'update', 'awareness', 'hello']) {
  RawPosted.prototype[name] = RawHocuspocus.prototype[name]
}
