// The WebSocket handed to every real client: a plain one that also remembers what passed.

import * as decoding from 'lib0/decoding'
import WebSocket from 'ws'

/**
 * A WebSocket class of one client. `journal` gets: opened, closes (codes), received (frames),
 * and calls `journal.out(bytes)` / `journal.in(bytes)` for every frame.
 */
export function watched (journal, options = {}) {
  Object.assign(journal, { opened: 0, closes: [], errors: [], refusals: 0, received: 0, sent: 0, sockets: [], firstAt: 0 })
  return class extends WebSocket {
    constructor (url, protocols) {
      super(url, Array.isArray(protocols) && protocols.length === 0 ? undefined : protocols, options)
      journal.sockets.push(this)
      this.on('open', () => { journal.opened++; journal.opening?.() })
      this.on('close', code => journal.closes.push(code))
      this.on('error', error => { journal.refusals++; journal.errors.push(error.message) })
      this.on('message', data => {
        journal.received++
        journal.lastAt = performance.now()
        journal.in?.(new Uint8Array(data))
      })
    }

    send (data, ...rest) {
      journal.sent++
      journal.out?.(new Uint8Array(data))
      return super.send(data, ...rest)
    }
  }
}

/** The sync part of a frame of the y-websocket dialect: `{ kind, update }`, or null. */
export function syncOf (frame) {
  const decoder = decoding.createDecoder(frame)
  if (decoding.readVarUint(decoder) !== 0) return null
  return { kind: decoding.readVarUint(decoder), update: decoding.readVarUint8Array(decoder) }
}
