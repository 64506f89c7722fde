// People who come by an identity provider: in, out, and the reasons why not.

import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { freePort } from '../clients/kit/port.mjs'
import { until } from '../clients/kit/wait.mjs'
import { Browser, refusal } from './kit/browser.mjs'
import { IdentityProvider } from './kit/provider.mjs'
import { Sink } from './kit/sink.mjs'
import { LUCIE, Site } from './kit/site.mjs'

let provider, sink, site

before(async () => {
  const port = await freePort()
  provider = await IdentityProvider.start({ sitePort: port })
  sink = await Sink.start()
  site = await Site.open({ port, provider, sink })
})
after(() => Promise.all([site.end(), provider.down(), sink.down()]))

const person = (login, more = {}) => provider.people.set(login, {
  name: 'Awa Diallo', email: `${login}@exemple.gouv.fr`, email_verified: true, ...more
})

test('a deep link survives the sign-in, and the way there is closed with PKCE, state and nonce', async () => {
  person('awa.new', { organizational_unit: 'DREAL Occitanie' })
  const browser = new Browser({ language: 'en' })
  const page = await browser.signIn(site, 'awa.new', { returnTo: '/documents?x=1#part' })
  assert.equal(page.url, `${site.http}/documents?x=1#part`)
  const begin = new Browser()
  const asked = new URL((await begin.go(`${site.http}/auth/oidc/start`, { until: url => url.startsWith(provider.issuer) })).url)
  const asks = Object.fromEntries(asked.searchParams)
  assert.equal(asks.code_challenge_method, 'S256')
  assert.equal(asks.code_challenge.length, 43)
  assert.ok(asks.state.length >= 32 && asks.nonce.length >= 32 && asks.state !== asks.nonce)
  assert.equal(asks.redirect_uri, `${site.http}/auth/oidc/callback`)
  const attempt = begin.setCookies.find(line => line.startsWith('unisson_attempt='))
  assert.match(attempt, /HttpOnly/)
  assert.match(attempt, /SameSite=Lax/)

  const me = await browser.me(site)
  assert.deepEqual(
    [me.name, me.email, me.role, me.service, me.language],
    ['Awa Diallo', 'awa.new@exemple.gouv.fr', 'agent', 'DREAL Occitanie', 'en']
  )
})

test('one client address may go to the provider, and come back, so often in a quarter of an hour', async () => {
  const go = (path, from) => fetch(`${site.http}${path}`, { redirect: 'manual', headers: { 'x-forwarded-for': from } })
  for (const [path, usual] of [['/auth/oidc/start', provider.issuer], ['/auth/oidc/callback?state=x&code=y', '/sign-in?error=state-unknown']]) {
    let turn = 0
    const oneByOne = async () => {
      while (turn++ < 1200) {
        const { status, headers } = await go(path, '203.0.113.9')
        assert.equal(status, 303)
        assert.ok(headers.get('location').startsWith(usual), headers.get('location'))
      }
    }
    await Promise.all(Array.from({ length: 8 }, oneByOne))
    const refused = await go(`${path}${path.includes('?') ? '&' : '?'}return_to=/documents`, '198.51.100.1, 203.0.113.9')
    assert.equal(refused.status, 303)
    assert.match(refused.headers.get('location'), /^\/sign-in\?error=too-often&ref=/)
    assert.equal(refused.headers.get('set-cookie'), null)
    assert.ok((await go(path, '203.0.113.10')).headers.get('location').startsWith(usual), 'another address is let through')
  }
})

test('a person is known by issuer and subject, whatever becomes of their address', async () => {
  person('moving')
  const browser = new Browser()
  await browser.signIn(site, 'moving')
  const { id } = await browser.me(site)
  person('moving', { email: 'moved@exemple.gouv.fr' })
  const again = new Browser()
  await again.signIn(site, 'moving')
  const me = await again.me(site)
  assert.equal(me.id, id)
  assert.equal(me.email, 'moving@exemple.gouv.fr')
})

test('signing in always makes a new login, so that a planted cookie is worth nothing', async () => {
  person('fixed')
  const thief = new Browser()
  await thief.call(site, 'POST', '/auth/demo', { id: LUCIE })
  const planted = thief.jar(site.http).get('unisson_login')
  const victim = new Browser()
  victim.jar(site.http).set('unisson_login', planted)
  await victim.signIn(site, 'fixed')
  assert.notEqual(victim.jar(site.http).get('unisson_login').value, planted.value)
  assert.equal((await victim.me(site)).email, 'fixed@exemple.gouv.fr')
  assert.equal(await thief.me(site), null, 'and the planted login has ended')
  const [login] = victim.setCookies.filter(line => line.startsWith('unisson_login='))
  assert.match(login, /HttpOnly/)
  assert.match(login, /SameSite=Lax/)
})

test('signing out ends the sign-in at the provider as well', async () => {
  person('leaving')
  const browser = new Browser()
  await browser.signIn(site, 'leaving')
  const out = await browser.call(site, 'POST', '/auth/logout')
  assert.equal(out.status, 200)
  assert.equal(await browser.me(site), null)
  const ending = new URL(out.json.redirect)
  assert.equal(`${ending.origin}${ending.pathname}`, `${provider.issuer}/session/end`)
  assert.equal(ending.searchParams.get('post_logout_redirect_uri'), `${site.http}/`)
  const asked = await browser.go(out.json.redirect)
  const left = await browser.submit(asked, { logout: 'yes' }, { until: url => url.startsWith(site.http) })
  assert.equal(left.url, `${site.http}/`)
  const again = await browser.go(`${site.http}/auth/oidc/start`)
  assert.match(again.text, /name="login"/, 'the provider asks who it is')
  // Somebody who did not come from the provider has nowhere to go.
  const demo = new Browser()
  await demo.call(site, 'POST', '/auth/demo', { id: LUCIE })
  assert.deepEqual((await demo.call(site, 'POST', '/auth/logout')).json, { redirect: null })
})

test('a refusal at the provider leads back to the sign-in page, and to where one was going', async () => {
  const browser = new Browser()
  const page = await browser.go(`${site.http}/auth/oidc/start?return_to=/documents`)
  const back = await browser.go(`${page.url}/abort`)
  const told = refusal(back)
  assert.deepEqual([told.error, told.return_to], ['provider-refused', '/documents'])
  assert.match(told.ref, /^[0-9a-f]{32}$/)
  assert.equal(await browser.me(site), null)
})

test('an address that nobody vouches for makes no account', async () => {
  person('unsure', { email_verified: false })
  assert.equal(refusal(await new Browser().signIn(site, 'unsure')).error, 'email-unverified')
  person('nothing', { email: undefined })
  assert.equal(refusal(await new Browser().signIn(site, 'nothing')).error, 'email-unverified')
})

test('whoever is no agent is let in only with an account', async () => {
  person('elsewhere', { email: 'someone@elsewhere.example' })
  assert.equal(refusal(await new Browser().signIn(site, 'elsewhere')).error, 'no-account')
})

test('an account with that address is connected only by its owner, in the browser that came', async () => {
  const email = 'bruno.lefevre@exemple.gouv.fr'
  person('bruno', { name: 'Bruno L.', email })
  const mine = new Browser()
  const page = await mine.signIn(site, 'bruno', { returnTo: '/communities' })
  assert.equal(refusal(page).error, 'merge-sent')
  assert.equal(await mine.me(site), null)
  const letter = await sink.letterTo(email)
  assert.equal(letter.subject, 'Relier votre compte Unisson')
  assert.match(letter.link, /\/sign-in\/link#[\w-]{43}$/)

  const other = new Browser()
  const elsewhere = await other.call(site, 'POST', '/auth/email/redeem', { secret: letter.secret })
  assert.deepEqual([elsewhere.status, elsewhere.json.code], [409, 'other-browser'])
  assert.equal(await other.me(site), null)

  const used = await mine.call(site, 'POST', '/auth/email/redeem', { secret: letter.secret })
  assert.deepEqual([used.status, used.json], [200, { return_to: '/communities' }])
  assert.equal((await mine.me(site)).name, 'Bruno Lefèvre')
  const again = await mine.call(site, 'POST', '/auth/email/redeem', { secret: letter.secret })
  assert.equal(again.status, 410)

  const next = new Browser()
  assert.equal((await next.signIn(site, 'bruno', { returnTo: '/documents' })).url, `${site.http}/documents`)
  assert.equal((await next.me(site)).name, 'Bruno Lefèvre')

  // From now on a link is no way around the provider.
  const before = sink.letters.length
  await next.call(site, 'POST', '/auth/email', { email })
  const hint = await sink.letterTo(email, { after: before })
  assert.match(hint.text, /Identifiant agent/)
  assert.equal(hint.secret, undefined)
})

test('nobody is sent to another site', async () => {
  person('redirected')
  for (const returnTo of ['//evil.example/', 'https://evil.example/', '/\\evil.example', '/\t/evil.example', '/auth/oidc/start']) {
    const browser = new Browser()
    const page = await browser.signIn(site, 'redirected', { returnTo })
    assert.equal(page.url, `${site.http}/`, returnTo)
  }
})

test('a suspended person is not let in, by whichever way', async () => {
  person('gone')
  const browser = new Browser()
  await browser.signIn(site, 'gone')
  const { id } = await browser.me(site)
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(site.sqliteFile)
  database.exec('pragma busy_timeout = 10000')
  database.prepare('update users set suspended_at = 1 where id = ?').run(Buffer.from(id.replaceAll('-', ''), 'hex'))
  database.close()
  assert.equal(await browser.me(site), null)
  assert.equal(refusal(await new Browser().signIn(site, 'gone')).error, 'not-allowed')
})

test('what the pages need to know is told without a login', async () => {
  const { json } = await new Browser().call(site, 'GET', '/api/v1/config')
  assert.deepEqual(json.sign_in, { provider: { name: 'Identifiant agent' }, email: true })
})

test('refusals are counted by their code', async () => {
  await until('the figures name the refusals', async () => {
    return await site.figure('unisson_sign_in_refusals_total{code="not-allowed"}') > 0
  })
})
