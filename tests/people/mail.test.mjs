// Links that are mailed, and what becomes of letters when things go wrong.

import { after, afterEach, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { never, until } from '../clients/kit/wait.mjs'
import { Browser } from './kit/browser.mjs'
import { Sink } from './kit/sink.mjs'
import { Site } from './kit/site.mjs'

const AWA = 'awa.diallo@exemple.gouv.fr'
const BRUNO = 'bruno.lefevre@exemple.gouv.fr'
const CHLOE = 'chloe.martin@ateliernord.example'
const DAVID = 'david.nguyen@exemple.gouv.fr'
const INES = 'ines.garnier@exemple.gouv.fr'

let sink, site

afterEach(() => { sink.refusal = null })

before(async () => {
  sink = await Sink.start()
  site = await Site.open({ sink })
})
after(() => Promise.all([site.end(), sink.down()]))

const ask = (email, more = {}, headers = {}) => new Browser().call(site, 'POST', '/auth/email', { email, ...more }, headers)
const redeem = (browser, secret) => browser.call(site, 'POST', '/auth/email/redeem', { secret })

test('a link signs in once, and its letter says what to do in two languages and two forms', async () => {
  const answer = await ask(' Chloe.Martin@ATELIERNORD.example ', { return_to: '/communities/nord' })
  assert.deepEqual([answer.status, answer.json], [202, { minutes: 15 }])
  const letter = await sink.letterTo(CHLOE)
  assert.equal(letter.subject, 'Votre lien de connexion à Unisson')
  assert.match(letter.headers.from, /^"?Unisson"? <unisson@exemple\.gouv\.fr>$/)
  assert.match(letter.headers['message-id'], /^<[\w-]{36}@exemple\.gouv\.fr>$/)
  assert.equal(letter.headers['auto-submitted'], 'auto-generated')
  assert.equal(letter.headers['content-language'], 'fr')
  assert.match(letter.text, /Bonjour,[^]*15 minutes/)
  assert.ok(letter.html.includes('<html lang="fr">') && letter.html.includes(letter.link))
  assert.match(letter.link, new RegExp(`^${site.http}/sign-in/link#[\\w-]{43}$`))

  const browser = new Browser({ language: 'en' })
  const used = await redeem(browser, letter.secret)
  assert.deepEqual([used.status, used.json], [200, { return_to: '/communities/nord' }])
  const me = await browser.me(site)
  assert.deepEqual([me.email, me.role], [CHLOE, 'outsider'])
  for (const other of [browser, new Browser()]) {
    const again = await redeem(other, letter.secret)
    assert.deepEqual([again.status, again.json.code], [410, 'link-gone'])
  }
  assert.ok(!site.log.includes(letter.secret), 'no secret is in the log')

  await browser.call(site, 'PATCH', '/api/v1/me', { language: 'en' })
  const before = sink.letters.length
  await ask(CHLOE)
  const english = await sink.letterTo(CHLOE, { after: before })
  assert.equal(english.subject, 'Your link to sign in to Unisson')
  assert.equal(english.headers['content-language'], 'en')
  await browser.call(site, 'PATCH', '/api/v1/me', { language: 'fr' })
})

test('the secret is kept as a hash alone, and no longer in the outbox once it has left', async () => {
  const before = sink.letters.length
  await ask(INES)
  const letter = await sink.letterTo(INES, { after: before })
  await until('the letter is noted as sent', () => {
    const [row] = site.rows('select state, text, html from mails where recipient = ? order by id desc', INES)
    return row.state === 'sent' && row.text === '' && row.html === ''
  })
  const found = site.rows('select hex(secret_hash) as hash from email_links').map(row => row.hash.toLowerCase())
  assert.ok(!found.includes(Buffer.from(letter.secret, 'base64url').toString('hex')))
})

test('whoever asks gets the same answer, whether there is an account or not', async () => {
  const bare = answer => [answer.status, answer.text, [...answer.headers].filter(([name]) => !['date', 'x-request-id'].includes(name))]
  const before = sink.letters.length
  const known = await ask(DAVID)
  const unknown = await ask('nobody.at.all@exemple.gouv.fr')
  assert.deepEqual(bare(unknown), bare(known))
  await sink.letterTo(DAVID, { after: before })
  assert.ok(sink.letters.every(letter => !letter.to.includes('nobody.at.all@exemple.gouv.fr')))

  // And it takes as long: the median of each, in turns.
  const times = { known: [], unknown: [] }
  for (let turn = 0; turn < 25; turn++) {
    for (const [which, email] of [['known', DAVID], ['unknown', `nobody.${turn}@exemple.gouv.fr`]]) {
      const from = performance.now()
      await ask(email)
      times[which].push(performance.now() - from)
    }
  }
  const median = list => list.sort((a, b) => a - b)[Math.floor(list.length / 2)]
  const [slow, fast] = [median(times.known), median(times.unknown)].sort((a, b) => b - a)
  assert.ok(slow - fast < Math.max(5, fast / 2), `medians of ${slow.toFixed(1)} and ${fast.toFixed(1)} ms`)
})

test('one address gets five links and no more, whoever asks', async () => {
  const before = sink.letters.length
  for (let turn = 0; turn < 8; turn++) assert.equal((await ask(AWA)).status, 202)
  const to = () => sink.letters.slice(before).filter(letter => letter.to.includes(AWA)).length
  await until('five letters have come', () => to() === 5)
  await never('a sixth letter comes', () => to() > 5, { during: 300 })
})

test('one client address may ask 120 times, and a forged header is no other address', async () => {
  const from = { 'x-forwarded-for': '198.51.100.7, 203.0.113.9' }
  for (let turn = 0; turn < 120; turn++) {
    const answer = await ask(`nobody.${turn}@exemple.gouv.fr`, {}, { ...from, 'x-forwarded-for': `198.51.100.${turn}, 203.0.113.9` })
    assert.equal(answer.status, 202)
  }
  const refused = await ask('nobody@exemple.gouv.fr', {}, from)
  assert.deepEqual([refused.status, refused.json.code, refused.headers.get('retry-after')], [429, 'too-often', '900'])
  assert.equal((await ask('nobody@exemple.gouv.fr', {}, { 'x-forwarded-for': '203.0.113.10' })).status, 202)
})

test('one client address may try 120 links, and its whole network of IPv6 counts as one', async () => {
  const attempt = from => new Browser().call(site, 'POST', '/auth/email/redeem', { secret: 'x' }, { 'x-forwarded-for': from })
  for (let turn = 0; turn < 120; turn++) assert.equal((await attempt(`2001:db8:7:7::${turn.toString(16)}`)).status, 410)
  const refused = await attempt('2001:db8:7:7:ffff::1')
  assert.deepEqual([refused.status, refused.json.code, refused.headers.get('retry-after')], [429, 'too-often', '900'])
  assert.equal((await attempt('2001:db8:7:8::1')).status, 410)
})

test('what is no address, or more than asked for, is refused', async () => {
  const evil = [
    'awa', '', 'a@b', `${AWA}\r\nBcc: all@exemple.gouv.fr`, `${AWA}, ${BRUNO}`, `Awa <${AWA}>`, `${'x'.repeat(260)}@example.org`
  ]
  for (const email of evil) assert.equal((await ask(email)).status, 422, JSON.stringify(email))
  for (const body of [{ email: AWA, role: 'administrator' }, { email: AWA, user_id: 'x' }, {}]) {
    assert.equal((await new Browser().call(site, 'POST', '/auth/email', body)).status, 422)
  }
  assert.equal((await redeem(new Browser(), 'short')).status, 410)
  const more = await new Browser().call(site, 'POST', '/auth/email/redeem', { secret: 'x', user_id: 'x' })
  assert.equal(more.status, 422)
})

test('another site can neither ask nor use a link', async () => {
  for (const [path, body] of [['/auth/email', { email: AWA }], ['/auth/email/redeem', { secret: 'x' }], ['/auth/logout', undefined]]) {
    const foreign = await new Browser().call(site, 'POST', path, body, { origin: 'https://evil.example' })
    assert.deepEqual([foreign.status, foreign.json.code], [403, 'foreign-origin'], path)
    const form = await new Browser().request(`${site.http}${path}`, {
      method: 'POST', body: 'email=x', headers: { 'content-type': 'application/x-www-form-urlencoded' }
    })
    assert.equal(form.status, 403, path)
  }
})

test('a name cannot write a header of a letter', async () => {
  const { DatabaseSync } = await import('node:sqlite')
  const id = Buffer.from('0193'.padEnd(32, 'a'), 'hex')
  const database = new DatabaseSync(site.sqliteFile)
  database.exec('pragma busy_timeout = 10000')
  database.prepare(`insert into mails (id, recipient, language, kind, subject, text, html, state, attempts, due_at, expires_at, created_at)
    values (?, ?, 'fr', 'invitation', ?, 'text', 'html', 'queued', 0, ?, ?, ?)`)
    .run(id, BRUNO, 'Nord\r\nBcc: all@exemple.gouv.fr\r\n\r\nHello', Date.now() * 1000, (Date.now() + 60_000) * 1000, Date.now() * 1000)
  database.close()
  const letter = await sink.letterTo(BRUNO)
  assert.deepEqual(letter.to, [BRUNO])
  assert.equal(letter.headers.bcc, undefined)
  assert.equal(letter.subject, 'Nord Bcc: all@exemple.gouv.fr Hello')
})

test('letters wait for a mail server that is away', async () => {
  await sink.down()
  const before = sink.letters.length
  await ask(BRUNO)
  await until('the sender has tried', () => site.figure('unisson_mail_connection_failures_total'))
  assert.equal(site.rows("select count(*) as count from mails where state = 'queued'")[0].count, 1)
  await sink.up()
  const letter = await sink.letterTo(BRUNO, { after: before })
  assert.equal((await redeem(new Browser(), letter.secret)).status, 200)
})

test('a letter that is refused for now is tried again later, and one that is refused for good is not', async () => {
  const state = () => site.rows('select state, attempts, error from mails where recipient = ? order by id desc', BRUNO)[0]
  sink.refusal = Object.assign(new Error('greylisted, bruno.lefevre@exemple.gouv.fr'), { responseCode: 451 })
  await ask(BRUNO)
  await until('it was put off', () => {
    const row = state()
    return row.state === 'queued' && row.attempts === 1
  })
  // No words of the server's: they hold addresses.
  assert.equal(state().error, 'recipient: refused with 451')
  sink.refusal = Object.assign(new Error('no such user'), { responseCode: 550 })
  await ask(BRUNO)
  await until('it has failed', () => state().state === 'failed')
  sink.refusal = null
  assert.equal(await site.figure('unisson_mails_put_off_total'), 1)
  assert.equal(await site.figure('unisson_mails_failed_total'), 1)
  assert.ok(!site.log.includes(BRUNO), 'no address is in the log')
})

test('a node that is killed while it hands a letter over sends it once or never, not twice', async () => {
  const before = sink.letters.length
  sink.holding = true
  await ask(INES)
  await until('the mail server has the letter and has not answered', () => sink.held.length === 1)
  await site.kill()
  sink.release()
  const come = () => sink.letters.slice(before).filter(letter => letter.to.includes(INES)).length
  await site.up()
  await until('the node says that it does not know', () => site.figure('unisson_mails_uncertain_total'))
  const [row] = site.rows('select state, text from mails where recipient = ? order by id desc', INES)
  assert.deepEqual([row.state, row.text], ['uncertain', ''])
  // The sender has looked again by the time that a later letter has come.
  const later = sink.letters.length
  await ask(CHLOE)
  await sink.letterTo(CHLOE, { after: later })
  await never('the letter comes again', () => come() > 1, { during: 2500 })
})

test('a mail server that goes silent over a letter makes it uncertain, not twice sent', async () => {
  const before = sink.letters.length
  sink.holding = true
  await ask(BRUNO)
  const state = () => site.rows('select state from mails where recipient = ? order by id desc', BRUNO)[0].state
  await until('it is being handed over', () => sink.held.length === 1)
  for (const connection of sink.server.connections) connection._socket.destroy()
  await until('nobody knows', () => state() === 'uncertain')
  sink.held.length = 0
  sink.holding = false
  assert.equal(sink.letters.slice(before).filter(letter => letter.to.includes(BRUNO)).length, 0)
})

test('without a mail server there are no links, and what was put in waits', async () => {
  const other = await Site.open()
  const { json } = await new Browser().call(other, 'GET', '/api/v1/config')
  assert.deepEqual(json.sign_in, { provider: null, email: false })
  assert.equal((await new Browser().call(other, 'POST', '/auth/email', { email: AWA })).status, 404)
  assert.equal((await new Browser().go(`${other.http}/auth/oidc/start`)).status, 404)
  await other.end()
})
