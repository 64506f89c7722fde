// Every real client behind one face, so that a test can be written once and run with each of them.
//
//   const ann = connect('hocuspocus-4', server, 'my document')
//   ann.insert(0, 'hello'); await ann.saved(); await ann.shows('hello')

import * as Y14 from '@y/y'
import * as Y from 'yjs'
import { Awareness } from 'y-protocols/awareness'
import { Awareness as Awareness14 } from '@y/protocols/awareness'
import * as hocuspocus3 from 'hocuspocus-3'
import * as hocuspocus4 from 'hocuspocus-4'
import { WebsocketProvider as Websocket2 } from 'y-websocket-2'
import { WebsocketProvider as Websocket30 } from 'y-websocket-30'
import { WebsocketProvider as Websocket31 } from 'y-websocket-31'
import { WebsocketProvider as WebsocketRc5 } from 'y-websocket-rc5'
import { WebsocketProvider as Websocket14 } from '@y/websocket'
import { syncOf, watched } from './socket.mjs'
import { until } from './wait.mjs'

export const hocuspocusClients = ['hocuspocus-3', 'hocuspocus-4']
export const websocketClients = ['y-websocket-2', 'y-websocket-30', 'y-websocket-31', 'y-websocket-rc5', 'yjs-14']
export const allClients = [...hocuspocusClients, ...websocketClients]
export const hocuspocusModule = { 'hocuspocus-3': hocuspocus3, 'hocuspocus-4': hocuspocus4 }
const websocketClass = {
  'y-websocket-2': Websocket2,
  'y-websocket-30': Websocket30,
  'y-websocket-31': Websocket31,
  'y-websocket-rc5': WebsocketRc5,
  'yjs-14': Websocket14
}

const TEXT = 'text'
// Every y-websocket client listens to the end of the process.
process.setMaxListeners(0)

class Client {
  constructor (kind, name, { doc, awareness = true } = {}) {
    this.kind = kind
    this.name = name
    this.is14 = kind === 'yjs-14'
    this.doc = doc ?? (this.is14 ? new Y14.Doc() : new Y.Doc())
    this.awareness = new (this.is14 ? Awareness14 : Awareness)(this.doc)
    if (!awareness) this.awareness.setLocalState(null)
    this.journal = {}
    this.syncedContents = []
  }

  get type () { return this.is14 ? this.doc.get(TEXT) : this.doc.getText(TEXT) }
  get text () { return this.is14 ? this.doc.get(TEXT).toString({}).replace(/^<[^>]*>|<\/[^>]*>$/g, '') : this.doc.getText(TEXT).toString() }
  get length () { return this.type.length }
  get opened () { return this.journal.opened }
  get id () { return this.doc.clientID }
  insert (at, text) { this.type.insert(at, text); return this }
  append (text) { return this.insert(this.length, text) }
  delete (at, length) { this.type.delete(at, length); return this }
  say (state) { this.awareness.setLocalState(state); return this }

  /** Awareness states of the others, by client id. */
  get others () {
    return new Map([...this.awareness.getStates()].filter(([id]) => id !== this.id))
  }

  async shows (text, options) {
    await until(`${this.kind} shows ${JSON.stringify(text.slice(0, 60))}`, () => this.text === text || Promise.reject(new Error(`it shows ${JSON.stringify(this.text.slice(0, 200))}`)), options)
    return this
  }

  async synced (options) {
    await until(`${this.kind} is synced with ${this.name}`, () => this.isSynced, options)
    return this
  }

  /** Every edit made so far is acknowledged, in the way of this client. */
  async saved (options) {
    await until(`${this.kind} has its edits acknowledged (${this.debt})`, () => this.isSynced && this.isSaved, options)
    return this
  }

  /** Cuts the socket as a bad network does; the client comes back by itself. */
  cut () { for (const socket of this.journal.sockets) socket.terminate() }

  /** Leaves for good, as a closed tab does. */
  end () {
    if (this.gone) return
    this.gone = true
    this.leave()
    this.awareness.destroy()
    this.doc.destroy()
  }

  state () { return (this.is14 ? Y14 : Y).encodeStateAsUpdate(this.doc) }
}

class HocuspocusClient extends Client {
  constructor (kind, server, name, options = {}) {
    super(kind, name, options)
    const { HocuspocusProvider } = hocuspocusModule[kind]
    this.socket = options.socket ?? hocuspocusSocket(kind, server, options)
    this.ownsSocket = !options.socket
    this.journal = this.socket.journal
    this.failures = []
    this.scopes = []
    this.stateless = []
    this.counters = []
    this.provider = new HocuspocusProvider({
      name,
      document: this.doc,
      awareness: this.awareness,
      token: options.token ?? null,
      websocketProvider: this.socket,
      ...options.provider,
      onAuthenticationFailed: ({ reason }) => this.failures.push(reason),
      onAuthenticated: ({ scope }) => this.scopes.push(scope ?? this.provider.authorizedScope),
      onSynced: () => this.syncedContents.push(this.text),
      onStateless: ({ payload }) => this.stateless.push(payload),
      onUnsyncedChanges: ({ number }) => this.counters.push(number)
    })
    this.provider.attach()
  }

  get isSynced () { return this.provider.isSynced }
  get isSaved () { return this.provider.unsyncedChanges === 0 }
  get debt () { return `${this.provider.unsyncedChanges} unsynced` }
  disconnect () {
    this.away = true
    this.socket.disconnect()
  }

  // The provider's own connect() does nothing, for good, while the socket it was told to close is still
  // closing: so first wait for that.
  connect () {
    if (!this.away) return
    this.away = false
    const again = () => { if (!this.away && !this.gone) this.socket.connect() }
    if (this.socket.status === 'disconnected') return again()
    const closed = () => {
      this.socket.off('disconnect', closed)
      again()
    }
    this.socket.on('disconnect', closed)
  }

  leave () {
    this.provider.destroy()
    if (this.ownsSocket) this.socket.destroy()
  }
}

/** A socket that several Hocuspocus documents share. */
export function hocuspocusSocket (kind, server, { port = server.port, headers, socketOptions = {}, query = '' } = {}) {
  const { HocuspocusProviderWebsocket } = hocuspocusModule[kind]
  const journal = {}
  const socket = new HocuspocusProviderWebsocket({
    url: `ws://127.0.0.1:${port}/collab${query}`,
    WebSocketPolyfill: watched(journal, { headers }),
    delay: 100,
    minDelay: 50,
    maxDelay: 1000,
    ...socketOptions
  })
  socket.journal = journal
  return socket
}

class WebsocketClient extends Client {
  constructor (kind, server, name, options = {}) {
    super(kind, name, options)
    this.denials = []
    this.pending = Y14.createContentIds()
    this.pendingAny = false
    const journal = this.journal
    journal.opening = () => { this.pending = Y14.createContentIds() }
    journal.out = frame => {
      const sync = syncOf(frame)
      if (sync?.kind === 2) this.#owe(sync.update, true)
      if (sync?.kind === 1) this.#owe(sync.update, false)
    }
    journal.in = frame => {
      const sync = syncOf(frame)
      if (sync && sync.kind > 0) this.pending = Y14.excludeContentIds(this.pending, Y14.createContentIdsFromUpdate(sync.update))
    }
    this.provider = new websocketClass[kind](`ws://127.0.0.1:${options.port ?? server.port}/yjs`, encodeURIComponent(name), this.doc, {
      awareness: this.awareness,
      params: options.token ? { token: options.token } : {},
      WebSocketPolyfill: watched(journal, { headers: options.headers }),
      disableBc: true,
      ...options.provider
    })
    const warn = this.provider.messageHandlers[2]
    this.provider.messageHandlers[2] = (encoder, decoder, ...rest) => {
      const log = console.warn
      console.warn = text => this.denials.push(text)
      try { warn(encoder, decoder, ...rest) } finally { console.warn = log }
    }
    this.provider.on('sync', synced => { if (synced) this.syncedContents.push(this.text) })
  }

  // What this client sent and has not seen come back. The deletes of a step 2 are those of the whole
  // document, so only its letters are waited for.
  #owe (update, withDeletes) {
    const ids = Y14.createContentIdsFromUpdate(update)
    if (!withDeletes) ids.deletes = Y14.createContentIds().deletes
    this.pending = Y14.mergeContentIds([this.pending, ids])
  }

  get isSynced () { return this.provider.synced }
  get isSaved () {
    if (!this.pending.inserts.isEmpty() || !this.pending.deletes.isEmpty()) return false
    return this.kind !== 'y-websocket-rc5' || !this.strict || this.green
  }

  // Its status alone is green too in the millisecond of an edit, since the edit's age is 0 then.
  get green () {
    const { status, localUpdatesSynced } = this.provider.syncStatus
    return status === 'green' && localUpdatesSynced
  }

  get debt () {
    const spans = set => JSON.stringify([...set.clients].map(([client, ranges]) => [client, ranges]))
    return `inserts ${spans(this.pending.inserts).slice(0, 200)} and deletes ${spans(this.pending.deletes).slice(0, 200)} not echoed`
  }
  disconnect () { this.provider.disconnect() }
  connect () { this.provider.connect() }
  leave () { this.provider.destroy() }
}

/** A real client of `kind` at a document. Options: token, doc, awareness (false: says nothing), port, socket, headers, provider. */
export function connect (kind, server, name, options) {
  return hocuspocusClients.includes(kind)
    ? new HocuspocusClient(kind, server, name, options)
    : new WebsocketClient(kind, server, name, options)
}

/** Runs `body` with an arena: what is connected in it is taken down at the end, whatever happens. */
export async function arena (server, body) {
  const all = []
  const join = (kind, name, options) => {
    const client = connect(kind, server, name, options)
    all.push(client)
    return client
  }
  join.keep = thing => { all.push(thing); return thing }
  join.socket = (kind, options) => {
    const socket = hocuspocusSocket(kind, server, options)
    all.push({ end: () => socket.destroy() })
    return socket
  }
  try {
    return await body(join)
  } finally {
    for (const client of all.reverse()) await client.end()
  }
}
