// The ways to the provider and to the mail server are closed: nothing is said to a machine that nobody vouches for.

import { execFile } from 'node:child_process'
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { freePort } from '../clients/kit/port.mjs'
import { binary } from '../clients/kit/server.mjs'
import { never, until } from '../clients/kit/wait.mjs'
import { Browser, refusal } from './kit/browser.mjs'
import { certificates } from './kit/certificates.mjs'
import { IdentityProvider } from './kit/provider.mjs'
import { Sink } from './kit/sink.mjs'
import { Site } from './kit/site.mjs'

const CHLOE = 'chloe.martin@ateliernord.example'

const tls = certificates()
const skip = tls ? false : 'openssl is not on this machine'
// The test's own browser is not what is tried here.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'

const trusting = () => ({ SSL_CERT_FILE: tls.authority })
const mailTo = (scheme, sink) => ({
  UNISSON_MAIL_SMTP: `${scheme}://localhost:${sink.port}`, UNISSON_MAIL_USER: 'unisson', UNISSON_MAIL_PASSWORD: 'hunter2'
})
const ask = site => new Browser().call(site, 'POST', '/auth/email', { email: CHLOE })

/** What `unisson doctor` says with a site's settings. */
const doctor = site => new Promise(resolve => execFile(binary, ['doctor'], {
  env: { ...process.env, ...site.env, UNISSON_DATABASE: site.database, UNISSON_METRICS_LISTEN: '' }
}, (_, said) => resolve(said)))

test('a provider is believed that an authority of this machine vouches for, and no other', { skip }, async () => {
  const port = await freePort()
  const provider = await IdentityProvider.start({ sitePort: port, tls })
  provider.people.set('awa', { name: 'Awa', email: 'awa@exemple.gouv.fr', email_verified: true })
  const site = await Site.open({ port, provider, env: trusting() })
  const browser = new Browser()
  await browser.signIn(site, 'awa')
  assert.equal((await browser.me(site)).name, 'Awa')
  assert.match(await doctor(site), /ok +identity provider/)
  await site.end()

  const wary = await Site.open({ port, provider })
  const told = refusal(await new Browser().go(`${wary.http}/auth/oidc/start`))
  assert.equal(told.error, 'provider-down')
  assert.match(await doctor(wary), /PROBLEM +identity provider/)
  await Promise.all([wary.end(), provider.down()])
})

for (const [scheme, options] of [['smtp', {}], ['smtps', { secure: true }]]) {
  test(`letters leave by ${scheme}:// with a password, over a way that is closed`, { skip }, async () => {
    const sink = await Sink.start({ tls, ...options })
    const site = await Site.open({ sink, env: { ...mailTo(scheme, sink), ...trusting() } })
    await ask(site)
    const letter = await sink.letterTo(CHLOE)
    assert.deepEqual([letter.user, letter.secure], ['unisson', true])
    assert.match(await doctor(site), /ok +mail server/)
    await site.end()

    const wary = await Site.open({ sink, env: mailTo(scheme, sink) })
    await ask(wary)
    await until('the sender has tried', () => wary.figure('unisson_mail_connection_failures_total'))
    assert.equal(sink.letters.length, 1)
    await Promise.all([wary.end(), sink.down()])
  })
}

test('a mail server that offers no STARTTLS hears no password and no letter', { skip }, async () => {
  const sink = await Sink.start()
  const site = await Site.open({ sink, env: { ...mailTo('smtp', sink), ...trusting() } })
  await ask(site)
  await until('the sender has tried', () => site.figure('unisson_mail_connection_failures_total'))
  await never('a letter comes', () => sink.letters.length + sink.passwords.length, { during: 300 })
  assert.match(await doctor(site), /PROBLEM +mail server.*STARTTLS/)
  await Promise.all([site.end(), sink.down()])
})
