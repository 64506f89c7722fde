// A real Redis, and a proxy in front of it that loses, doubles, delays and reorders what is published.

import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { atEnd } from './ending.mjs'
import { freePort } from './port.mjs'
import { Proxy } from './proxy.mjs'
import { random } from './random.mjs'
import { Splitter, command, published } from './resp.mjs'
import { until } from './wait.mjs'

/** Why there is no Redis here, or null. */
export function redisMissing () {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return null
  } catch {
    return 'no Redis on this machine (apt install redis-server)'
  }
}

export class Redis {
  /** `args`: more of redis-server's own, besides a port and a folder. */
  static async start ({ args = [] } = {}) {
    const redis = new Redis()
    redis.args = args
    redis.folder = mkdtempSync(path.join(tmpdir(), 'unisson-redis-'))
    redis.port = await freePort()
    redis.ended = atEnd(() => {
      redis.child?.kill('SIGKILL')
      rmSync(redis.folder, { recursive: true, force: true })
    })
    await redis.up()
    return redis
  }

  get url () { return `redis://127.0.0.1:${this.port}/` }

  /** Starts it (again) on the same port, with nothing in it. */
  async up () {
    const child = spawn('redis-server', ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...this.args], { cwd: this.folder, stdio: 'ignore' })
    child.unref()
    this.child = child
    child.ended = new Promise(resolve => child.on('exit', () => { child.over = true; resolve() }))
    await until('Redis answers', async () => (await this.say('ping'))?.toString() === 'PONG')
  }

  async kill () {
    this.child.ref()
    this.child.kill('SIGKILL')
    await this.child.ended
  }

  /** Stops answering, on connections that stay open. */
  pause () { this.child.kill('SIGSTOP') }
  resume () { this.child.kill('SIGCONT') }

  /** One command on a connection of its own; its answer. An error is thrown. */
  say (...words) {
    return new Promise((resolve, reject) => {
      const splitter = new Splitter()
      const socket = net.connect(this.port, '127.0.0.1', () => socket.write(command(words)))
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('Redis hung up')))
      socket.on('data', bytes => {
        const [answer] = splitter.take(bytes)
        if (!answer) return
        socket.destroy()
        if (answer.value instanceof Error) reject(answer.value)
        else resolve(answer.value)
      })
    })
  }

  async end () {
    this.child.kill('SIGCONT')
    await this.kill()
    this.ended()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export const PASS = 'pass'
export const DROP = 'drop'
export const DOUBLE = 'double'
/** Comes after the one that follows it. */
export const SWAP = 'swap'

// A message that waits to be overtaken goes on after this long all the same.
const OVERTAKEN_WITHIN_MS = 200

/** Stands between Redis and one node. What is published meets its fate; every other answer passes untouched. */
export class BusProxy extends Proxy {
  messages = 0
  dropped = 0
  fate = () => PASS

  answer (pair, bytes, send) {
    pair.splitter ??= new Splitter()
    const clear = []
    const flush = () => { if (clear.length) send(Buffer.concat(clear.splice(0))) }
    for (const { bytes: frame, value } of pair.splitter.take(bytes)) {
      const message = published(value)
      if (!message) { clear.push(frame); continue }
      this.messages++
      const fate = this.fate(message)
      if (fate === DROP) { this.dropped++; continue }
      if (fate === SWAP) { flush(); this.#keepBack(pair, frame, send); continue }
      if (fate > 0) { flush(); setTimeout(() => pair.client.writable && send(frame), fate); continue }
      clear.push(frame)
      if (fate === DOUBLE) clear.push(frame)
      clear.push(...pair.overtaken?.splice(0) ?? [])
    }
    flush()
  }

  #keepBack (pair, frame, send) {
    for (const before of pair.overtaken?.splice(0) ?? []) send(before)
    const box = [frame]
    pair.overtaken = box
    setTimeout(() => { for (const late of box.splice(0)) if (pair.client.writable) send(late) }, OVERTAKEN_WITHIN_MS)
  }

  /** From now on, of a hundred messages so many meet each fate; the others pass. `lateMs` is the longest delay. */
  misbehave (seed, { drop = 0, double = 0, swap = 0, late = 0, lateMs = 300 }) {
    const rng = random(seed)
    this.fate = () => {
      let roll = rng.below(100)
      if ((roll -= drop) < 0) return DROP
      if ((roll -= double) < 0) return DOUBLE
      if ((roll -= swap) < 0) return SWAP
      if ((roll -= late) < 0) return 1 + rng.below(lateMs)
      return PASS
    }
  }

  behave () { this.fate = () => PASS }
}
