// What the database holds of a document, read beside the servers: row by row, author by author.
// (The framing is described in crdt-store/src/log/entry.rs.)

import assert from 'node:assert/strict'
import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'

function ranges (decoder) {
  return Array.from({ length: decoding.readVarUint(decoder) }, () => {
    const client = decoding.readVarUint(decoder)
    const from = decoding.readVarUint(decoder)
    return { client, from, to: from + decoding.readVarUint(decoder) }
  })
}

const uuid = bytes => Buffer.from(bytes).toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

/** The updates of a row: `{ person, session, own, brought, update }`. */
function entries (payload) {
  const decoder = decoding.createDecoder(new Uint8Array(payload))
  assert.equal(decoding.readUint8(decoder), 1, 'the version of a row')
  const list = []
  while (decoding.hasContent(decoder)) {
    const author = decoding.createDecoder(decoding.readVarUint8Array(decoder))
    const update = decoding.readVarUint8Array(decoder)
    const person = decoding.readUint8(author) & 1 ? uuid(decoding.readUint8Array(author, 16)) : null
    list.push({ person, session: uuid(decoding.readUint8Array(author, 16)), own: ranges(author), brought: ranges(author), update })
  }
  return list
}

/**
 * The log of a document on a cluster: `{ head, rows: [{ seq, entries }], parts, doc }`, the document built from it.
 * Fails where the log is not dense, or a row needs what is neither before it nor in it (S3).
 */
export async function readLog (cluster, name) {
  const { document, parts, rows } = await cluster.still(async rows => {
    const [document] = await rows('select id, epoch, head_seq, snapshot_seq from documents where name = $1', name)
    assert.ok(document, `there is no document ${name}`)
    const lineage = [document.id, document.epoch]
    const parts = await rows('select bytes from snapshot_parts where document_id = $1 and epoch = $2 order by part_no', ...lineage)
    const updates = await rows('select seq, payload from updates where document_id = $1 and epoch = $2 order by seq', ...lineage)
    return {
      document,
      parts: parts.map(row => new Uint8Array(row.bytes)),
      rows: updates.map(row => ({ seq: Number(row.seq), entries: entries(row.payload) }))
    }
  })
  const doc = new Y.Doc()
  for (const part of parts) Y.applyUpdate(doc, part)
  const head = Number(document.head_seq)
  const covered = Number(document.snapshot_seq)
  const seqs = rows.map(row => row.seq)
  if (covered < head) assert.ok(seqs.includes(covered + 1), `row ${covered + 1} of ${name} is missing`)
  assert.deepEqual(seqs, seqs.map((_, i) => seqs[0] + i), `the log of ${name} has a hole`)
  if (seqs.length > 0) assert.equal(seqs.at(-1), head)
  for (const { seq, entries } of rows) {
    for (const { update } of entries) Y.applyUpdate(doc, update)
    assert.equal(doc.store.pendingStructs, null, `row ${seq} of ${name} needs what no row before it has`)
  }
  return { head, rows, parts, doc }
}

/** How many letters and other structures stand in more than one row: written twice, though harmless. */
export function doubled ({ rows }) {
  const seen = new Map()
  let count = 0
  for (const { entries } of rows) {
    for (const { update } of entries) {
      for (const { id: { client, clock }, length, constructor } of Y.decodeUpdate(update).structs) {
        if (constructor.name === 'Skip') continue
        if (!seen.has(client)) seen.set(client, new Set())
        const clocks = seen.get(client)
        for (let i = clock; i < clock + length; i++) {
          if (clocks.has(i)) count++
          clocks.add(i)
        }
      }
    }
  }
  return count
}

/** Under whose name the structures of `client` are recorded: a set of persons. */
export function authorsOf ({ rows }, client) {
  return new Set(rows.flatMap(row => row.entries)
    .filter(entry => entry.own.some(range => range.client === client))
    .map(entry => entry.person))
}
