// The two dialects by hand: for the frames no real client sends, and for seeing what the server answers.

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { until } from './wait.mjs'

/** Bytes from numbers, Uint8Arrays and strings (as varString), in order. */
export function bytes (...parts) {
  const encoder = encoding.createEncoder()
  for (const part of parts) {
    if (typeof part === 'number') encoding.writeVarUint(encoder, part)
    else if (typeof part === 'string') encoding.writeVarString(encoder, part)
    else encoding.writeUint8Array(encoder, part)
  }
  return encoding.toUint8Array(encoder)
}

/** varBytes. */
export const sized = payload => bytes(payload.length, payload)

export const emptyVector = Uint8Array.of(0)

/** Awareness bytes of `[client, clock, state]` entries; a state of null means gone. */
export const awarenessOf = (...entries) =>
  bytes(entries.length, ...entries.flatMap(([client, clock, state]) => [client, clock, JSON.stringify(state)]))

export function readAwareness (payload) {
  const decoder = decoding.createDecoder(payload)
  return Array.from({ length: decoding.readVarUint(decoder) }, () => ({
    client: decoding.readVarUint(decoder),
    clock: decoding.readVarUint(decoder),
    state: JSON.parse(decoding.readVarString(decoder))
  }))
}

/** What a frame of the y-websocket dialect says (several messages may share a frame). */
export function readYjsFrame (frame) {
  const decoder = decoding.createDecoder(frame)
  const messages = []
  while (decoding.hasContent(decoder)) {
    const type = decoding.readVarUint(decoder)
    if (type === 0) {
      const kind = ['step1', 'step2', 'update'][decoding.readVarUint(decoder)]
      messages.push({ kind, payload: decoding.readVarUint8Array(decoder) })
    } else if (type === 1) {
      messages.push({ kind: 'awareness', payload: decoding.readVarUint8Array(decoder) })
    } else if (type === 2) {
      decoding.readVarUint(decoder)
      messages.push({ kind: 'denied', reason: decoding.readVarString(decoder) })
    } else if (type === 3) {
      messages.push({ kind: 'query' })
    } else throw new Error(`the server sent a message of type ${type}`)
  }
  return messages
}

/** What a frame of the Hocuspocus dialect says. */
export function readHocuspocusFrame (frame) {
  if (frame.length === 1) return [{ kind: frame[0] === 9 ? 'ping' : 'pong' }]
  const decoder = decoding.createDecoder(frame)
  const name = decoding.readVarString(decoder)
  const type = decoding.readVarUint(decoder)
  const message = { name, type }
  if (type === 0) {
    message.kind = ['step1', 'step2', 'update'][decoding.readVarUint(decoder)]
    message.payload = decoding.readVarUint8Array(decoder)
  } else if (type === 1) {
    message.kind = 'awareness'
    message.payload = decoding.readVarUint8Array(decoder)
  } else if (type === 2) {
    const kind = decoding.readVarUint(decoder)
    message.kind = ['token', 'denied', 'authenticated'][kind]
    if (kind > 0) message.reason = decoding.readVarString(decoder)
  } else if (type === 5) {
    message.kind = 'stateless'
    message.text = decoding.readVarString(decoder)
  } else if (type === 7) {
    message.kind = 'close'
    message.reason = decoding.readVarString(decoder)
  } else if (type === 8) {
    message.kind = 'status'
    message.stored = decoding.readVarUint(decoder)
  } else throw new Error(`the server sent a message of type ${type}, which no provider takes`)
  if (decoding.hasContent(decoder)) throw new Error('trailing bytes in a frame of the server')
  return [message]
}

class Raw {
  constructor (url, read, options) {
    this.messages = []
    this.rejected = undefined
    this.closed = undefined
    this.socket = new WebSocket(url, options)
    this.socket.binaryType = 'nodebuffer'
    this.socket.on('message', frame => {
      try {
        this.messages.push(...read(new Uint8Array(frame)))
      } catch (error) {
        this.unreadable = error.message
        this.messages.push({ kind: 'unreadable', error: error.message })
      }
    })
    this.socket.on('close', (code, reason) => { this.closed = { code, reason: reason.toString() } })
    this.socket.on('unexpected-response', (request, response) => {
      this.rejected = response.statusCode
      request.destroy()
    })
    this.socket.on('error', error => { this.failure = error.message })
  }

  /** Open, or refused before the upgrade. */
  async ready () {
    await until('the socket is open or refused', () =>
      this.socket.readyState === WebSocket.OPEN || this.rejected !== undefined || this.closed !== undefined)
    return this
  }

  get open () { return this.socket.readyState === WebSocket.OPEN }

  send (...parts) {
    this.socket.send(bytes(...parts))
    return this
  }

  /** How many of a kind have come (of one document, for Hocuspocus). */
  count (kind, name) { return this.of(kind, name).length }
  of (kind, name) {
    return this.messages.filter(m => m.kind === kind && (name === undefined || m.name === undefined || m.name === name))
  }

  /** Waits for the n-th message of a kind (the first by default) and hands it out. */
  async got (kind, { nth = 1, name, within } = {}) {
    await until(`message ${nth} of kind ${kind} arrives${name ? ` for ${name}` : ''}; so far: ${JSON.stringify(this.messages.map(m => m.kind))}`,
      () => this.count(kind, name) >= nth, { within })
    if (this.unreadable) throw new Error(`no client could read what the server sent: ${this.unreadable}`)
    return this.of(kind, name)[nth - 1]
  }

  /** Everything the server has said about the document, as a Yjs document. */
  document (name) {
    const doc = new Y.Doc()
    for (const m of this.messages) {
      if ((m.kind === 'step2' || m.kind === 'update') && (name === undefined || m.name === name)) Y.applyUpdate(doc, m.payload)
    }
    return doc
  }

  end () {
    this.socket.on('error', () => {})
    this.socket.terminate()
  }
}

/** One document on one socket. */
export class RawYjs extends Raw {
  static async open (server, name, { token, port = server.port, ...options } = {}) {
    const query = token ? `?token=${encodeURIComponent(token)}` : ''
    return new RawYjs(`ws://127.0.0.1:${port}/yjs/${name}${query}`, readYjsFrame, options).ready()
  }

  step1 (vector = emptyVector) { return this.send(0, 0, sized(vector)) }
  step2 (update) { return this.send(0, 1, sized(update)) }
  update (update) { return this.send(0, 2, sized(update)) }
  awareness (...entries) { return this.send(1, sized(awarenessOf(...entries))) }

  /** Says hello as a client without content does, waits for the answer, and answers the server's step 1 with nothing. */
  async hello (vector = emptyVector, { within } = {}) {
    this.step1(vector)
    await this.got('step2', { within })
    await this.got('step1', { within })
    return this.step2(new Uint8Array([0, 0]))
  }
}

/** Any number of documents on one socket. */
export class RawHocuspocus extends Raw {
  static async open (server, { port = server.port, query = '', ...options } = {}) {
    return new RawHocuspocus(`ws://127.0.0.1:${port}/collab${query}`, readHocuspocusFrame, options).ready()
  }

  auth (name, token = '') { return this.send(name, 2, 0, token) }
  step1 (name, vector = emptyVector) { return this.send(name, 0, 0, sized(vector)) }
  step2 (name, update) { return this.send(name, 0, 1, sized(update)) }
  update (name, update) { return this.send(name, 0, 2, sized(update)) }
  awareness (name, ...entries) { return this.send(name, 1, sized(awarenessOf(...entries))) }

  /** Opens a document as a provider with an empty document does; answers the server's step 1 with nothing. */
  async hello (name, token = '', { content = new Uint8Array([0, 0]), within } = {}) {
    const before = { step2: this.count('step2', name), step1: this.count('step1', name) }
    this.auth(name, token).step1(name)
    await this.got('step2', { name, nth: before.step2 + 1, within })
    await this.got('step1', { name, nth: before.step1 + 1, within })
    this.step2(name, content)
    return this
  }
}
