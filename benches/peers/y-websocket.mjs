// @y/websocket-server as its own command starts it, in memory or (with YPERSISTENCE set to a folder) over LevelDB.
//   node y-websocket.mjs PORT

import http from 'node:http'
import { setupWSConnection } from '@y/websocket-server/utils'
import { WebSocketServer } from 'ws'

const server = http.createServer((_, response) => response.end('okay'))
const sockets = new WebSocketServer({ noServer: true })
sockets.on('connection', setupWSConnection)
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, ws => sockets.emit('connection', ws, request))
})
server.listen(Number(process.argv[2]), '127.0.0.1')
