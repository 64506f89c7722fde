// The feed of pages between nodes: what is said on one is heard on the others, and what may have been lost is made up for.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import WebSocket from 'ws'
import { Nodes, clusterMissing } from './kit/nodes.mjs'
import { REACHES_WITHIN, awa, bruno, david, ines, signIn, signOut, sqlOn } from './kit/rights.mjs'
import { never, until } from './kit/wait.mjs'

const FILLED = 'chefs-de-projet-numerique'
const PRIVATE = 'sobriete-energetique'
const HEARD_WITHIN = { within: 1_000 }

/** A page's feed on a node. */
class Feed {
  static async open (node, headers) {
    const feed = Object.assign(new Feed(), { texts: [] })
    feed.socket = new WebSocket(`${node.http.replace('http', 'ws')}/live`, { headers })
    feed.socket.on('message', data => feed.texts.push(data.toString()))
    feed.socket.on('close', code => { feed.closed = code })
    feed.socket.on('error', () => {})
    await until('the feed is open', () => feed.socket.readyState === WebSocket.OPEN)
    return feed
  }

  heard (event) { return this.texts.includes(JSON.stringify(event)) }
  count (kind) { return this.texts.filter(text => JSON.parse(text).kind === kind).length }
  end () { this.socket.terminate() }
}

const documents = community => ({ kind: 'documents', community })

async function write (node, headers, community) {
  const answer = await fetch(`${node.http}/api/v1/documents`, {
    method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify({ title: 'T', community })
  })
  assert.equal(answer.status, 201)
  return (await answer.json()).id
}

describe('the feed between nodes', { skip: clusterMissing, timeout: 120_000 }, () => {
  let nodes, here, there, sql
  before(async () => {
    if (clusterMissing) return
    nodes = await Nodes.start(2, { mode: '--demo' })
    ;[here, there] = nodes
    sql = sqlOn(nodes)
    await until('both nodes hear one another', async () => {
      for (const node of nodes) {
        const ready = await (await fetch(`${node.http}/readyz`)).json()
        if (ready.redis !== 'ok') return false
      }
      return true
    })
  })
  after(() => nodes?.end())

  test('what changes on one node is heard on the other within a second, by those it concerns', async () => {
    const writer = await signIn(here, awa)
    const feeds = [
      await Feed.open(there, await signIn(there, david)), await Feed.open(here, await signIn(here, ines)),
      await Feed.open(there, await signIn(there, bruno))
    ]
    const [ofDavid, ofInes, ofBruno] = feeds
    const heard = feeds.map(feed => feed.texts.length)
    await write(here, writer, PRIVATE)
    await until('both members hear of it', () => ofDavid.heard(documents(PRIVATE)) && ofInes.heard(documents(PRIVATE)), HEARD_WITHIN)
    await write(here, writer, FILLED)
    await until('all three hear of the other', () => feeds.every(feed => feed.heard(documents(FILLED))), HEARD_WITHIN)
    assert.equal(ofBruno.heard(documents(PRIVATE)), false)
    assert.ok(heard.every((before, at) => feeds[at].texts.length > before))
    for (const feed of feeds) feed.end()
  })

  test('s15_whoever is shared a document and shared it no more is told on their node', async () => {
    const writer = await signIn(here, awa)
    const ofBruno = await Feed.open(there, await signIn(there, bruno))
    const id = await write(here, writer, PRIVATE)
    const share = async people => {
      const answer = await fetch(`${here.http}/api/v1/documents/${id}/sharing`, {
        method: 'PUT', headers: { ...writer, 'content-type': 'application/json' }, body: JSON.stringify({ visibility: 'restricted', people })
      })
      assert.equal(answer.status, 200)
    }
    await share([{ person: bruno, access: 'write' }])
    await until('he is told', () => ofBruno.count('document') === 1, HEARD_WITHIN)
    await share([])
    await until('he is told again', () => ofBruno.count('document') === 2, HEARD_WITHIN)
    assert.ok(ofBruno.heard({ kind: 'document', id }))
    ofBruno.end()
  })

  test('s15_signing out and a suspension close the feed on every node', async () => {
    const login = await signIn(here, ines)
    const suspended = await Feed.open(there, await signIn(there, david))
    const feeds = [await Feed.open(here, login), await Feed.open(there, login)]
    await signOut(here, login)
    for (const feed of feeds) await until('it is closed', () => feed.closed === 4401, REACHES_WITHIN)
    await sql('update users set suspended_at = $2 where id = $1', david, new Date())
    await until('it is closed', () => suspended.closed === 4403, REACHES_WITHIN)
    await sql('update users set suspended_at = null where id = $1', david)
  })

  test('while Redis is away pages look for themselves, and all are told to look when it is back', async () => {
    const writer = await signIn(here, awa)
    const feed = await Feed.open(there, await signIn(there, ines))
    await until('what was said at the start is over', () => feed.socket.readyState === WebSocket.OPEN)
    for (const node of nodes) node.toRedis.shut()
    await until('both miss Redis', async () => {
      const ready = await Promise.all(nodes.map(async node => (await fetch(`${node.http}/readyz`)).json()))
      return ready.every(one => one.redis === 'failing')
    })
    const before = feed.count('resync')
    await write(here, writer, PRIVATE)
    await until('it is told to look', () => feed.count('resync') > before, { within: 22_000 })
    assert.equal(feed.heard(documents(PRIVATE)), false)
    const hinted = feed.count('resync')
    for (const node of nodes) node.toRedis.open()
    await until('it is told again when Redis is back', () => feed.count('resync') > hinted, { within: 10_000 })
    await write(here, writer, PRIVATE)
    await until('it hears what is said', () => feed.heard(documents(PRIVATE)), { within: 5_000 })
    await never('it is told to look for itself any more', () => feed.count('resync') > hinted + 2, { during: 500 })
    feed.end()
  })
})
