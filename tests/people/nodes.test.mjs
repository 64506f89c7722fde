// Two nodes on one PostgreSQL: whoever answers, it is one sign-in, and each letter leaves once.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { freePort } from '../clients/kit/port.mjs'
import { never, until } from '../clients/kit/wait.mjs'
import { Browser, refusal } from './kit/browser.mjs'
import { IdentityProvider } from './kit/provider.mjs'
import { Sink } from './kit/sink.mjs'
import { Site } from './kit/site.mjs'

const DEMO = ['awa.diallo', 'bruno.lefevre', 'david.nguyen', 'ines.garnier', 'lucie.perrin'].map(name => `${name}@exemple.gouv.fr`)

const { Cluster, postgresMissing } = await import('../clients/kit/postgres.mjs')
  .catch(() => ({ postgresMissing: () => 'the packages of tests/clients are not installed (npm ci there)' }))

test('what one node begins another ends, and no letter leaves twice', { skip: postgresMissing() ?? false }, async () => {
  const port = await freePort()
  const [cluster, provider, sink] = await Promise.all([Cluster.start(), IdentityProvider.start({ sitePort: port }), Sink.start()])
  provider.people.set('awa', { name: 'Awa', email: 'awa@exemple.gouv.fr', email_verified: true })
  const first = await Site.open({ port, provider, sink, database: cluster.url })
  // People know one address, whichever node answers.
  const [env, ours] = [{ UNISSON_PUBLIC_URL: first.http }, { origin: first.http }]
  const second = await Site.open({ provider, sink, env, database: cluster.url })
  try {
    const browser = new Browser()
    browser.jars.set(second.http, browser.jar(first.http))
    const stopped = await browser.signIn(first, 'awa', { returnTo: '/documents', until: url => url.includes('/auth/oidc/callback') })
    const elsewhere = stopped.url.replace(first.http, second.http)
    const page = await browser.go(elsewhere)
    assert.equal(new URL(page.url).pathname, '/documents')
    assert.equal((await browser.me(first)).name, 'Awa')
    assert.equal((await browser.me(second)).name, 'Awa')
    assert.equal(refusal(await browser.go(stopped.url)).error, 'state-unknown', 'once, whichever node is asked')

    // Five each, asked at both nodes at once; a link is good at the node that did not make it.
    const asks = DEMO.flatMap(email => Array.from({ length: 5 }, (_, turn) => [email, [first, second][turn % 2]]))
    await Promise.all(asks.map(([email, site]) => new Browser().call(site, 'POST', '/auth/email', { email }, ours)))
    await until('all letters have come', () => sink.letters.length >= asks.length, { within: 20_000 })
    await never('one comes again', () => sink.letters.length > asks.length, { during: 500 })
    const ids = new Set(sink.letters.map(letter => /^Message-ID: (.*)$/mi.exec(letter.raw)[1]))
    assert.equal(ids.size, asks.length)
    const sent = await Promise.all([first, second].map(site => site.figure('unisson_mails_sent_total')))
    assert.equal(sent[0] + sent[1], asks.length)

    const { secret } = await sink.letterTo(DEMO[0])
    const both = await Promise.all([first, second].map(site => new Browser().call(site, 'POST', '/auth/email/redeem', { secret }, ours)))
    assert.deepEqual(both.map(answer => answer.status).sort(), [200, 410])
  } finally {
    await Promise.all([first.end(), second.end(), provider.down(), sink.down()])
    await cluster.end()
  }
})
