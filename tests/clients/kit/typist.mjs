// Somebody who types letter by letter and remembers, to the letter, what has been acknowledged to them.

import { letters } from './letters.mjs'
import { until } from './wait.mjs'
import { RawHocuspocus, RawYjs } from './wire.mjs'

const TEXT = 'typed'

export class Typist {
  sent = 0

  /** Opens the document on `server`, as a new person with a new client id. */
  static async open (dialect, server, name, { token, most = 5000, text = TEXT, within } = {}) {
    const typist = new Typist()
    const { doc, updates } = letters(most, { text })
    const hocuspocus = dialect === 'hocuspocus'
    const raw = hocuspocus ? await RawHocuspocus.open(server) : await RawYjs.open(server, encodeURIComponent(name), { token })
    Object.assign(typist, { dialect, name, id: doc.clientID, updates, raw, own: new Set(updates.map(key)) })
    typist.say = hocuspocus ? update => raw.update(name, update) : update => raw.update(update)
    try {
      await (hocuspocus ? raw.hello(name, token, { within }) : raw.hello(undefined, { within }))
    } catch (error) {
      raw.end()
      throw error
    }
    return typist
  }

  get open () { return this.raw.open }

  /** Types so many letters more, as far as the socket is open. */
  type (count = 1) {
    for (let i = 0; i < count && this.open && this.sent < this.updates.length; i++) this.say(this.updates[this.sent++])
    return this
  }

  /** How many letters, from the first on, are acknowledged. The first status is that of the opening. */
  get acknowledged () {
    if (this.dialect === 'hocuspocus') return Math.max(0, this.raw.of('status', this.name).filter(m => m.stored === 1).length - 1)
    return new Set(this.raw.of('update').map(m => key(m.payload)).filter(one => this.own.has(one))).size
  }

  async saved (options) {
    await until(`all ${this.sent} letters of the typist (${this.dialect}) are acknowledged`, () => this.acknowledged >= this.sent || Promise.reject(new Error(`${this.acknowledged} are`)), options)
    return this
  }

  /** Fails unless everything that was acknowledged is in `doc`. */
  isIn (doc) {
    const has = doc.store.clients.get(this.id)?.reduce((sum, struct) => Math.max(sum, struct.id.clock + struct.length), 0) ?? 0
    if (has < this.acknowledged) throw new Error(`${this.acknowledged} letters of ${this.id} (${this.dialect}) were acknowledged, and ${has} are there`)
  }

  end () { this.raw.end() }
}

const key = update => Buffer.from(update).toString('latin1')
