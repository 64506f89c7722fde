// The wires of the tests themselves: what the proxies do to what passes through them.

import assert from 'node:assert/strict'
import net from 'node:net'
import { after, before, describe, test } from 'node:test'
import { Proxy } from './kit/proxy.mjs'
import { BusProxy, DOUBLE, DROP, PASS, Redis, SWAP, redisMissing } from './kit/redis.mjs'
import { Splitter, command, published } from './kit/resp.mjs'
import { until } from './kit/wait.mjs'

describe('a proxy before Redis', { skip: redisMissing() ?? false }, () => {
  let redis
  before(async () => { redis = await Redis.start() })
  after(() => redis?.end())

  /** Somebody who listens to `channel` through a proxy of their own. */
  async function listener (channel, version) {
    const proxy = await BusProxy.to(redis.port)
    const splitter = new Splitter()
    const heard = []
    let others = 0
    const socket = net.connect(proxy.port, '127.0.0.1')
    socket.on('data', bytes => {
      for (const { value } of splitter.take(bytes)) {
        const message = published(value)
        if (message) heard.push(message.payload.toString())
        else others++
      }
    })
    if (version === 3) socket.write(command(['hello', 3]))
    socket.write(command(['subscribe', channel]))
    await until('it listens', () => others === version - 1)
    return { proxy, heard, socket, others: () => others, end: async () => { socket.destroy(); await proxy.end() } }
  }

  for (const version of [2, 3]) {
    test(`what is published meets its fate, and answers pass (protocol ${version})`, async () => {
      const one = await listener(`c${version}`, version)
      const fates = { b: DROP, c: DOUBLE, d: SWAP, f: 40 }
      one.proxy.fate = ({ payload }) => fates[payload.toString()[0]] ?? PASS
      for (const text of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await redis.say('publish', `c${version}`, text + 'x'.repeat(20_000))
      await until('the late one is there too', () => one.heard.some(text => text[0] === 'f'))
      assert.equal(one.heard.map(text => text[0]).join(''), 'accedgf')
      const before = one.others()
      one.socket.write(command(['ping']))
      await until('an answer comes through', () => one.others() === before + 1)
      await one.end()
    })
  }

  test('a message that nobody overtakes comes all the same', async () => {
    const one = await listener('alone', 2)
    one.proxy.fate = () => SWAP
    await redis.say('publish', 'alone', '1')
    await until('it comes', () => one.heard.length === 1)
    await one.end()
  })
})

test('a line that has fallen silent delivers everything once it speaks again', async () => {
  const server = net.createServer(socket => socket.on('error', () => {}).on('data', bytes => socket.write(bytes)))
  server.listen(0, '127.0.0.1')
  await until('it listens', () => server.listening)
  const proxy = await Proxy.to(server.address().port)
  let heard = ''
  const socket = net.connect(proxy.port, '127.0.0.1').on('data', bytes => { heard += bytes })
  socket.write('a')
  await until('a comes back', () => heard === 'a')
  proxy.hush()
  for (const letter of 'bcd') socket.write(letter)
  const late = net.connect(proxy.port, '127.0.0.1').on('data', bytes => { heard += bytes.toString().toUpperCase() })
  late.write('e')
  await until('all is held', () => [...proxy.pairs].reduce((sum, pair) => sum + pair.waiting.reduce((n, [, , bytes]) => n + bytes.length, 0), 0) === 4)
  assert.equal(heard, 'a')
  proxy.speak()
  await until('all of it has come back', () => heard.length === 5 && heard.includes('bcd') && heard.includes('E'))
  socket.destroy()
  late.destroy()
  await proxy.end()
  server.close()
})
