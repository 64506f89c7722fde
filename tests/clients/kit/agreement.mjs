// What must be so after every fault: all clients, newcomers on every node and the log hold the same, and
// everything that was acknowledged is in it.

import assert from 'node:assert/strict'
import * as Y14 from '@y/y'
import * as Y from 'yjs'
import { connect } from './clients.mjs'
import { contents } from './edits.mjs'
import { readLog } from './log.mjs'
import { until } from './wait.mjs'

const sorted = map => Object.fromEntries([...map].sort(([a], [b]) => a - b))
const vector = doc => sorted(Y.decodeStateVector(Y.encodeStateVector(doc)))
const vector14 = doc => sorted(Y14.decodeStateVector(Y14.encodeStateVector(doc)))

/** Where `one` differs from what `first` shows, or undefined. The same letters by others are a difference too. */
function difference (one, first) {
  if (one.is14 === first.is14 && one.length === first.length) {
    const [had, known] = [one, first].map(({ is14, doc }) => JSON.stringify((is14 ? vector14 : vector)(doc)))
    if (had !== known) return `${one.kind} (client ${one.id}) knows ${had}, and ${first.kind} ${known}`
  }
  const [has, wanted] = one.is14 || first.is14 ? [one.text, first.text] : [contents(one.doc), contents(first.doc)]
  if (has === wanted) return
  const at = [...has].findIndex((letter, i) => letter !== wanted[i])
  const cut = text => text.slice(Math.max(0, at - 60), at + 100)
  return `${one.kind} (client ${one.id}) differs from ${first.kind} at ${at}:\n  …${cut(has)}…\n  instead of\n  …${cut(wanted)}…`
}

/** Waits until all `clients` hold the same and have it saved. */
export async function same (clients, { within = 30_000 } = {}) {
  for (const one of clients) await one.synced({ within })
  await until('all hold the same', () => {
    for (const one of clients.slice(1)) {
      const differs = difference(one, clients[0])
      if (differs) throw new Error(differs)
    }
    return true
  }, { within })
  for (const one of clients) await one.saved({ within })
}

/**
 * Waits until all agree; then newcomers on each node and the log must hold the same, and the typists' acknowledged
 * letters. The first client must be one of Yjs 13. Hands out the log.
 */
export async function agreed (nodes, name, clients, { typists = [], within = 30_000, token } = {}) {
  await same(clients, { within })
  const [{ doc }] = clients
  for (const [i, node] of nodes.entries()) {
    const newcomer = connect(i % 2 ? 'y-websocket-31' : 'hocuspocus-4', node, name, { token })
    try {
      await newcomer.synced({ within })
      await until(`a newcomer on node ${i + 1} holds what all hold`, () => {
        const differs = difference(newcomer, clients[0])
        if (differs) throw new Error(differs)
        return true
      }, { within })
      assert.deepEqual(vector(newcomer.doc), vector(doc), `a newcomer on node ${i + 1} knows what all know`)
      // Its own step 2 is acknowledged when all that the room had before is in the database.
      await newcomer.saved({ within })
    } finally {
      newcomer.end()
    }
  }
  const log = await readLog(nodes[0].direct, name)
  assert.equal(contents(log.doc), contents(doc), 'the log holds what all hold')
  assert.deepEqual(vector(log.doc), vector(doc), 'the log knows what all know')
  for (const typist of typists) typist.isIn(log.doc)
  return log
}

/** The nodes have no room left, and about as much memory as `before` (`nodes.map(node => node.residentMiB())`). */
export async function emptied (nodes, before, { slackMiB = 96 } = {}) {
  for (const [i, node] of nodes.entries()) {
    await until(`node ${i + 1} has let go of its rooms`, async () => {
      const { unisson_rooms: rooms = 0, unisson_sessions: sessions } = await node.metrics()
      return rooms === 0 || Promise.reject(new Error(`${rooms} rooms, ${sessions} sessions; ${node.log.split('\n').slice(-5).join('\n')}`))
    }, { within: 60_000 })
    const grown = node.residentMiB() - before[i]
    assert.ok(grown < slackMiB, `node ${i + 1} has grown by ${grown.toFixed(0)} MiB`)
  }
}
