// The two usual servers behind one door, to try the tests themselves: /collab is @hocuspocus/server,
// /yjs/NAME is @y/websocket-server. Each keeps documents of its own, as files.
//   node kit/reference.mjs PORT FOLDER

import http from 'node:http'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Hocuspocus } from '@hocuspocus/server'
import { setPersistence, setupWSConnection } from '@y/websocket-server/utils'
import { WebSocketServer } from 'ws'
import * as Y from 'yjs'

const [port, folder] = [Number(process.argv[2]), process.argv[3]]
mkdirSync(folder, { recursive: true })
const file = name => path.join(folder, Buffer.from(name).toString('hex').slice(0, 200))
const load = (name, doc) => { if (existsSync(file(name))) Y.applyUpdate(doc, readFileSync(file(name))) }
const save = (name, doc) => writeFileSync(file(name), Y.encodeStateAsUpdate(doc))

const hocuspocus = new Hocuspocus({
  quiet: true,
  debounce: 20,
  async onAuthenticate ({ token, documentName, connectionConfig }) {
    if (!token || token === '') return
    const [access, name] = token.split(':')
    if (!['read', 'write'].includes(access) || name !== documentName) throw new Error('permission-denied')
    connectionConfig.readOnly = access === 'read'
  },
  async onLoadDocument ({ documentName, document }) { load(`h/${documentName}`, document) },
  async onStoreDocument ({ documentName, document }) { save(`h/${documentName}`, document) }
})
setPersistence({
  bindState: (name, doc) => {
    load(`y/${name}`, doc)
    doc.on('update', () => save(`y/${name}`, doc))
  },
  writeState: async () => {}
})

const sockets = new WebSocketServer({ noServer: true })
const server = http.createServer((_, response) => response.end('ok'))
server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, ws => {
  if (!request.url.startsWith('/collab')) {
    return setupWSConnection(ws, request, { docName: decodeURIComponent(request.url.slice(5).split('?')[0]) })
  }
  const connection = hocuspocus.handleConnection(ws, new Request(`http://127.0.0.1${request.url}`))
  ws.on('message', data => connection.handleMessage(new Uint8Array(data)))
  ws.on('close', (code, reason) => connection.handleClose({ code, reason: reason.toString() }))
}))
server.listen(port, '127.0.0.1')
