// One person alone for longer than any client waits for a message: nobody may have to come back.
// ALONE_SECONDS shortens the watch while working on it; 150 s covers every client's patience three times.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { allClients, arena } from './kit/clients.mjs'
import { Server, oursOnly } from './kit/server.mjs'
import { never } from './kit/wait.mjs'
import { RawYjs } from './kit/wire.mjs'

const seconds = Number(process.env.ALONE_SECONDS ?? 150)
let server
before(async () => { server = await Server.start() })
after(() => server.end())

describe(`alone for ${seconds} s`, { concurrency: true }, () => {
  for (const kind of allClients) {
    for (const awareness of [true, false]) {
      const how = awareness ? 'who says who they are' : 'who says nothing about themselves'
      test(`s21_one person with ${kind} ${how} is alone for ${seconds} s without a reconnection`, () => arena(server, async join => {
        const one = join(kind, `alone ${kind} ${awareness}`, { awareness })
        await one.synced()
        if (awareness) one.say({ user: { name: 'Ann' } })
        await never('the client reconnects', () => one.opened !== 1 || one.journal.closes.length > 0 || !one.isSynced, { during: seconds * 1000 })
        one.append('still here')
        await one.saved()
        assert.equal(one.opened, 1)
      }))
    }
  }

  test('s21_a client that is sent nothing for 15 s gets an empty awareness message', { skip: oursOnly }, async () => {
    const raw = await RawYjs.open(server, 'silent')
    await raw.hello()
    const message = await raw.got('awareness', { within: 17_000 })
    assert.deepEqual([...message.payload], [0])
    raw.end()
  })
})
