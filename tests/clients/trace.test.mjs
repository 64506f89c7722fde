// A whole editing session typed letter by letter through a real WebSocket by a real client, the server
// killed in the middle, and read back byte by byte by somebody else. On SQLite and on PostgreSQL.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { arena } from './kit/clients.mjs'
import { database, postgresMissing } from './kit/postgres.mjs'
import { Server, oursOnly } from './kit/server.mjs'
import { trace } from './kit/trace.mjs'
import { until } from './kit/wait.mjs'

const TURN = 100
const IN_FLIGHT = 2000

const { name, operations, end } = trace()

/** Types operations one transaction each, leaving the event loop a turn now and then. */
async function type (client, from, to) {
  const text = client.type
  for (let i = from; i < to; i++) {
    const [at, gone, come] = operations[i]
    client.doc.transact(() => {
      if (gone > 0) text.delete(at, gone)
      if (come) text.insert(at, come)
    })
    if (i % TURN === 0) {
      await new Promise(resolve => setImmediate(resolve))
      await until('the server keeps up', () => (client.provider.unsyncedChanges ?? 0) < IN_FLIGHT &&
        client.journal.sockets.at(-1).bufferedAmount < 256 * 1024, { within: 60_000 })
    }
  }
}

async function session (server, writer, reader) {
  await arena(server, async join => {
    const ann = join(writer, 'paper')
    const witness = join(reader, 'paper')
    await ann.synced()
    await witness.synced()
    const middle = Math.floor(operations.length / 2)
    const start = performance.now()
    await type(ann, 0, middle)
    // Killed while letters are under way; she goes on typing meanwhile.
    const again = server.kill().then(() => server.up())
    await type(ann, middle, middle + 300)
    await again
    await until('she is back', () => ann.isSynced && ann.opened >= 2, { within: 30_000 })
    await type(ann, middle + 300, operations.length)
    await ann.saved({ within: 60_000 })
    const seconds = (performance.now() - start) / 1000
    console.log(`${name}: ${operations.length} operations with ${writer} in ${seconds.toFixed(1)} s, ${Math.round(operations.length / seconds)} a second`)
    assert.equal(ann.text, end)
    await until('the one who reads along has it all', () => witness.text === end, { within: 60_000 })
    ann.end()
    witness.end()
    await server.crash()
    const fresh = join(reader, 'paper')
    await fresh.synced({ within: 30_000 })
    assert.equal(fresh.syncedContents[0].length, end.length)
    assert.ok(Buffer.from(fresh.text).equals(Buffer.from(end)), 'read back byte-identical')
  })
  await server.end()
}

describe('an editing session of many letters', { concurrency: true }, () => {
  test('s2_it is typed through Hocuspocus, killed in the middle and read back byte-identical, on SQLite', { skip: oursOnly }, async () => {
    await session(await Server.start(), 'hocuspocus-4', 'y-websocket-31')
  })

  test('s2_it is typed through y-websocket, killed in the middle and read back byte-identical, on PostgreSQL',
    { skip: oursOnly || (postgresMissing() ?? false) }, async () => {
      const store = await database()
      await session(await Server.start({ database: store.url }), 'y-websocket-31', 'hocuspocus-4')
      await store.end()
    })
})
