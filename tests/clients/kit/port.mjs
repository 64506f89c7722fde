import net from 'node:net'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'

// Below the ports that the system gives to outgoing connections: a server that is started again finds its own free.
const [FIRST, LAST] = [15_000, 32_000]

/** A port that was free a moment ago, and that nobody is given by chance. */
export async function freePort () {
  for (;;) {
    const port = randomInt(FIRST, LAST)
    const server = net.createServer()
    const free = await new Promise(resolve => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!free) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
