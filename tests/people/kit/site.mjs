// A node that signs people in by a provider and sends mail.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { atEnd } from '../../clients/kit/ending.mjs'
import { freePort } from '../../clients/kit/port.mjs'
import { Server } from '../../clients/kit/server.mjs'

/** Somebody who administers the demonstration. */
export const LUCIE = '01930000-0000-7000-8000-000000000006'

export class Site extends Server {
  /** `provider` and `sink` from this kit, either may be left out; `database`: another than a file of its own. */
  static async open ({ port, provider, sink, database, env = {} } = {}) {
    const site = new Site()
    site.folder = mkdtempSync(path.join(tmpdir(), 'unisson-people-'))
    site.database = database ?? `sqlite:${path.join(site.folder, 'unisson.db')}`
    site.port = port ?? await freePort()
    site.metricsPort = await freePort()
    site.mode = '--demo'
    site.args = []
    site.log = ''
    site.env = {
      UNISSON_PUBLIC_URL: site.http,
      ...(provider && {
        UNISSON_OIDC_ISSUER: provider.issuer,
        UNISSON_OIDC_CLIENT_ID: provider.clientId,
        UNISSON_OIDC_CLIENT_SECRET: provider.clientSecret,
        UNISSON_OIDC_NAME: 'Identifiant agent',
        UNISSON_OIDC_AGENT_DOMAINS: 'exemple.gouv.fr'
      }),
      ...(sink && {
        UNISSON_MAIL_SMTP: `smtp+plain://127.0.0.1:${sink.port}`,
        UNISSON_MAIL_FROM: 'Unisson <unisson@exemple.gouv.fr>'
      }),
      ...env
    }
    site.ended = atEnd(() => {
      site.child?.kill('SIGKILL')
      rmSync(site.folder, { recursive: true, force: true })
    })
    await site.up()
    return site
  }

  /** The run goes on until the process is gone, whatever else has ended. */
  async end () {
    const awake = setInterval(() => {}, 1000)
    try {
      await super.end()
    } finally {
      clearInterval(awake)
    }
  }

  /** One number of the metrics listener. */
  async figure (name) {
    return (await this.metrics())[name] ?? 0
  }
}
