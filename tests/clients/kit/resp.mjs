// Redis' own protocol, as far as one has to know it to count, keep back or double what it says.

const CR = 13
const LF = 10

/** The value at `at`, or null while the rest of it has not arrived: `{ end, value }`. Text comes as a Buffer. */
function read (bytes, at) {
  const eol = bytes.indexOf('\r\n', at)
  if (eol < 0) return null
  const kind = String.fromCharCode(bytes[at])
  const line = bytes.toString('latin1', at + 1, eol)
  const body = eol + 2
  const many = n => {
    const list = []
    let end = body
    for (let i = 0; i < n; i++) {
      const one = read(bytes, end)
      if (!one) return null
      list.push(one.value)
      end = one.end
    }
    return { end, value: list }
  }
  switch (kind) {
    case '$': case '=': case '!': {
      const length = Number(line)
      if (length < 0) return { end: body, value: null }
      const end = body + length + 2
      if (bytes.length < end) return null
      if (bytes[end - 2] !== CR || bytes[end - 1] !== LF) throw new Error('this is not what Redis says')
      return { end, value: bytes.subarray(body, end - 2) }
    }
    case '*': case '~': return Number(line) < 0 ? { end: body, value: null } : many(Number(line))
    case '>': {
      const list = many(Number(line))
      if (list) list.value.pushed = true
      return list
    }
    case '%': return many(2 * Number(line))
    case '|': {
      const attributes = many(2 * Number(line))
      return attributes && read(bytes, attributes.end)
    }
    case '-': return { end: body, value: new Error(line) }
    case ':': return { end: body, value: Number(line) }
    default: return { end: body, value: Buffer.from(line, 'latin1') }
  }
}

/** Cuts a stream into whole values: `take(bytes)` hands out `[{ bytes, value }]`, in order. */
export class Splitter {
  #rest = Buffer.alloc(0)

  take (bytes) {
    let all = this.#rest.length ? Buffer.concat([this.#rest, bytes]) : bytes
    const whole = []
    for (let one; all.length > 0 && (one = read(all, 0)); all = all.subarray(one.end)) {
      whole.push({ bytes: all.subarray(0, one.end), value: one.value })
    }
    this.#rest = all
    return whole
  }
}

/** A published message: `{ channel, payload }`, or null for any other value. */
export function published (value) {
  if (!Array.isArray(value) || !Buffer.isBuffer(value[0])) return null
  const kind = value[0].toString()
  if (kind === 'message' || kind === 'smessage') return { channel: value[1].toString('latin1'), payload: value[2] }
  if (kind === 'pmessage') return { channel: value[2].toString('latin1'), payload: value[3] }
  return null
}

export const command = words =>
  Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...words.flatMap(word => {
    const bytes = Buffer.from(String(word))
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]
  })])
