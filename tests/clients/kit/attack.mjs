// A room with honest people in it, while somebody else misbehaves: they may not notice, and the server may not grow.

import assert from 'node:assert/strict'
import { after, afterEach, before } from 'node:test'
import { connect } from './clients.mjs'
import { Server, oursOnly } from './server.mjs'
import { until } from './wait.mjs'
import { RawHocuspocus, RawYjs, sized } from './wire.mjs'

export const ROOM = 'attacked'
export const DIALECTS = ['hocuspocus', 'y-websocket']
// All tests of a file together; a debug build with its buffers. One message once took 2.5 GB.
const GROWTH_MIB = 192

/** Opens the room for the tests of this file, and looks after each test whether all is well in it. */
export function underAttack (opened = () => {}) {
  const room = new Room()
  before(async () => {
    if (oursOnly) return
    await room.open()
    await opened(room.server)
  })
  afterEach(() => oursOnly || room.check())
  after(() => oursOnly || room.close())
  return room
}

class Room {
  visitors = 0

  async open () {
    this.server = await Server.start()
    this.witnesses = [connect('hocuspocus-4', this.server, ROOM), connect('y-websocket-31', this.server, ROOM)]
    for (const one of this.witnesses) {
      await one.synced()
      one.heard = 0
      one.doc.on('update', () => one.heard++)
    }
    this.expected = 'Honest text. '
    this.witnesses[0].insert(0, this.expected)
    for (const one of this.witnesses) await one.shows(this.expected)
    await this.calm()
    this.firstMiB = this.server.residentMiB()
  }

  /** The witnesses are where they were, on the same socket, and can write and save. */
  async calm () {
    const mark = '.'
    for (const one of this.witnesses) {
      this.expected += mark
      one.append(mark)
      for (const other of this.witnesses) await other.shows(this.expected)
      await one.saved()
      assert.equal(one.opened, 1, `${one.kind} had to reconnect`)
    }
  }

  async check () {
    assert.equal(this.server.child.over, undefined, `the server has ended:\n${this.server.log.slice(-3000)}`)
    await this.calm()
    const grown = this.server.residentMiB() - this.firstMiB
    assert.ok(grown < GROWTH_MIB, `the server has grown by ${grown.toFixed(0)} MiB`)
  }

  async close () {
    for (const one of this.witnesses) one.end()
    await this.server.end()
  }

  /** Takes note of what the witnesses have seen; the returned function says whether they have seen more since. */
  watch () {
    const heard = this.witnesses.map(one => one.heard)
    return () => this.witnesses.some((one, i) => one.heard > heard[i])
  }

  /** Somebody with the right to write, in either dialect, who speaks by hand. */
  async visitor (dialect, name = ROOM, options = {}) {
    const id = 500_000 + ++this.visitors
    if (dialect === 'y-websocket') {
      const raw = await RawYjs.open(this.server, encodeURIComponent(name), options)
      await raw.hello()
      return {
        id,
        raw,
        update: bytes => raw.update(bytes),
        step1: vector => raw.step1(vector),
        step2: bytes => raw.step2(bytes),
        frame: (...parts) => raw.send(...parts),
        awareness: payload => raw.send(1, sized(payload)),
        refusals: () => raw.of('denied').map(m => m.reason),
        end: () => raw.end()
      }
    }
    const raw = await RawHocuspocus.open(this.server, options)
    await raw.hello(name, options.token)
    await raw.got('status', { name })
    return {
      id,
      raw,
      update: bytes => raw.update(name, bytes),
      step1: vector => raw.step1(name, vector),
      step2: bytes => raw.step2(name, bytes),
      frame: (...parts) => raw.send(name, ...parts),
      awareness: payload => raw.send(name, 1, sized(payload)),
      refusals: () => raw.of('status', name).filter(m => m.stored === 0).map(() => 'refused'),
      end: () => raw.end()
    }
  }

  /** Answered or not, taken or not: nothing but the sender may suffer. */
  async harmless (dialect, act) {
    const eve = await this.visitor(dialect)
    await act(eve)
    // What follows on the same socket or on a new one is still served.
    if (eve.raw.open) eve.step1()
    await until('it is answered, refused or closed', () => !eve.raw.open || eve.raw.messages.length > 0)
    eve.end()
  }
}
