// A real mail server (npm smtp-server) that keeps what it accepts, and can hold its answer back or refuse.

import { SMTPServer } from 'smtp-server'
import { freePort } from '../../clients/kit/port.mjs'
import { atEnd } from '../../clients/kit/ending.mjs'
import { until } from '../../clients/kit/wait.mjs'

export class Sink {
  /** `tls`: a key and a certificate, for STARTTLS or, with `secure`, from the first byte. */
  static async start ({ tls = null, secure = false } = {}) {
    const sink = new Sink()
    Object.assign(sink, { tls, secure })
    /** Users that have shown a password. */
    sink.passwords = []
    sink.port = await freePort()
    /** What was accepted, in order: `{ to, from, raw }`. */
    sink.letters = []
    /** Messages that have come whole and wait for their answer. */
    sink.held = []
    sink.holding = false
    sink.refusal = null
    await sink.up()
    return sink
  }

  async up () {
    this.server = new SMTPServer({
      authOptional: true,
      allowInsecureAuth: true,
      secure: this.secure,
      ...(this.tls ? { key: this.tls.key, cert: this.tls.cert } : { disabledCommands: ['STARTTLS'] }),
      onAuth: ({ username, password }, _, done) => {
        this.passwords.push(username)
        done(password === 'hunter2' ? null : new Error('not you'), { user: username })
      },
      logger: false,
      onRcptTo: (_, session, done) => done(this.refusal),
      onData: (stream, session, done) => {
        const pieces = []
        stream.on('data', piece => pieces.push(piece))
        stream.on('end', () => {
          const letter = {
            user: session.user,
            secure: session.secure,
            from: session.envelope.mailFrom.address,
            to: session.envelope.rcptTo.map(one => one.address),
            raw: Buffer.concat(pieces).toString()
          }
          const accept = () => {
            this.letters.push(letter)
            done()
          }
          if (this.holding) this.held.push(accept)
          else accept()
        })
      }
    })
    this.server.on('error', () => {})
    await new Promise(resolve => this.server.listen(this.port, this.tls ? 'localhost' : '127.0.0.1', resolve))
    this.over = atEnd(() => this.server.server.close())
  }

  async down () {
    this.over()
    await new Promise(resolve => this.server.close(resolve))
  }

  /** Accepts all that was held back, as far as somebody still listens. */
  release () {
    this.holding = false
    for (const accept of this.held.splice(0)) accept()
  }

  /** The newest letter to an address, once there is one that `earlier` letters did not hold. */
  async letterTo (address, { after = 0 } = {}) {
    return parse(await until(`a letter to ${address} has come`, () => {
      return this.letters.slice(after).findLast(letter => letter.to.includes(address))
    }))
  }
}

/** Headers, the two bodies, and the link in a letter. */
export function parse (letter) {
  const [head, ...rest] = letter.raw.split('\r\n\r\n')
  const headers = Object.fromEntries(head.replace(/\r\n[ \t]+/g, ' ').split('\r\n')
    .map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]))
  const boundary = /boundary="?([^";]+)"?/.exec(headers['content-type'])[1]
  const parts = rest.join('\r\n\r\n').split(`--${boundary}`).slice(1, -1).map(part => {
    const [partHead, ...body] = part.trimStart().split('\r\n\r\n')
    return { head: partHead.toLowerCase(), text: decode(partHead, body.join('\r\n\r\n')) }
  })
  const text = parts.find(part => part.head.includes('text/plain')).text
  const html = parts.find(part => part.head.includes('text/html')).text
  const link = /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(text)?.[0]
  return { ...letter, headers, subject: words(headers.subject), text, html, link, secret: link?.split('#')[1] }
}

function decode (head, body) {
  if (/quoted-printable/i.test(head)) return Buffer.from(bytes(body.replace(/=\r\n/g, '')), 'latin1').toString()
  if (/base64/i.test(head)) return Buffer.from(body, 'base64').toString()
  return body
}

const bytes = text => text.replace(/=([0-9A-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)))

/** RFC 2047. */
function words (text) {
  return text.replace(/\?=\s+=\?/g, '?==?').replace(/=\?utf-8\?(.)\?([^?]*)\?=/gi, (_, kind, body) => kind.toLowerCase() === 'b'
    ? Buffer.from(body, 'base64').toString()
    : Buffer.from(bytes(body.replace(/_/g, ' ')), 'latin1').toString())
}
