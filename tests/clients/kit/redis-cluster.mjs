// A Redis Cluster of three, which share the slots among them.

import { execFileSync } from 'node:child_process'
import { freePort } from './port.mjs'
import { Redis } from './redis.mjs'
import { until } from './wait.mjs'

export class RedisCluster {
  static async start () {
    const cluster = new RedisCluster()
    cluster.members = []
    try {
      for (let i = 0; i < 3; i++) {
        const args = ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort()), '--cluster-node-timeout', '1000', '--cluster-require-full-coverage', 'no']
        cluster.members.push(await Redis.start({ args }))
      }
      const hosts = cluster.members.map(member => `127.0.0.1:${member.port}`)
      execFileSync('redis-cli', ['--cluster', 'create', ...hosts, '--cluster-yes'], { stdio: 'ignore', timeout: 60_000 })
      for (const member of cluster.members) {
        await until('the cluster is formed', async () => /cluster_state:ok/.test(String(await member.say('cluster', 'info'))))
      }
    } catch (error) {
      await cluster.end()
      throw error
    }
    return cluster
  }

  get url () { return `redis+cluster://${this.members.map(member => `127.0.0.1:${member.port}`).join(',')}` }

  async end () {
    for (const member of this.members) await member.end()
  }
}
