import net from 'node:net'
import { once } from 'node:events'

/** A port that was free a moment ago. */
export async function freePort () {
  const server = net.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
