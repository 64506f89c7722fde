// Providers, and those who stand in for one, that do not tell the truth; and the provider that is away.

import { after, before, beforeEach, test } from 'node:test'
import assert from 'node:assert/strict'
import { freePort } from '../clients/kit/port.mjs'
import { until } from '../clients/kit/wait.mjs'
import { Browser, refusal } from './kit/browser.mjs'
import { IdentityProvider, read, strangersKey, token } from './kit/provider.mjs'
import { Site } from './kit/site.mjs'

let provider, site

before(async () => {
  const port = await freePort()
  provider = await IdentityProvider.start({ sitePort: port })
  provider.people.set('awa', { name: 'Awa', email: 'awa@exemple.gouv.fr', email_verified: true })
  site = await Site.open({ port, provider })
})
after(() => Promise.all([site.end(), provider.down()]))
beforeEach(() => provider.lie({}))

/** What signing in comes to while the provider lies: a code, or null for who is let in. */
async function comesTo (lies, login = 'awa') {
  provider.lie(lies)
  const browser = new Browser()
  const page = await browser.signIn(site, login)
  provider.lie({})
  const told = refusal(page)
  assert.equal(await browser.me(site) === null, told !== null, 'whoever is refused has no login')
  return told?.error ?? null
}

const now = () => Math.floor(Date.now() / 1000)

test('an ID token counts only as it stands', async () => {
  const stranger = strangersKey('rsa-1')
  const cases = [
    ['as it is', { id: {} }, null],
    ['another issuer', { id: { iss: 'https://evil.example' } }, 'token-invalid'],
    ['another client', { id: { aud: 'somebody-else' } }, 'token-invalid'],
    ['several clients', { id: { aud: ['unisson', 'somebody-else'] } }, 'token-invalid'],
    ['several clients, and ours asked', { id: { aud: ['unisson', 'somebody-else'], azp: 'unisson' } }, null],
    ['another nonce', { id: { nonce: 'n'.repeat(43) } }, 'token-invalid'],
    ['no nonce', { id: { nonce: undefined } }, 'token-invalid'],
    ['over', { id: { exp: now() - 120 } }, 'token-invalid'],
    ['over by less than clocks differ', { id: { exp: now() - 20 } }, null],
    ['from the future', { id: { iat: now() + 3600 } }, 'token-invalid'],
    ['from a clock that is ahead', { id: { iat: now() + 30 } }, null],
    ['another access token', { id: { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' } }, 'token-invalid'],
    ['without a subject', { id: { sub: undefined } }, 'token-invalid'],
    ['another person than userinfo', { id: { sub: 'bruno' } }, 'token-invalid'],
    ['a key that the provider does not have', { sign: stranger }, 'token-invalid'],
    ['a key that is not in its list', { sign: { ...stranger, kid: 'unheard' } }, 'token-invalid'],
    ['signed by its other key', { sign: provider.keys[1] }, null],
    ['not signed', { whole: jwt => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${jwt.split('.')[1]}.` }, 'token-invalid'],
    ['signed with the secret', { header: { alg: 'HS256' } }, 'token-invalid'],
    ['cut', { whole: jwt => jwt.slice(0, -8) }, 'token-invalid'],
    ['no token', { whole: () => 'hello' }, 'token-invalid'],
    ['changed after it was signed', {
      whole: jwt => {
        const [header, , signature] = jwt.split('.')
        const claims = Buffer.from(JSON.stringify({ ...read(jwt), sub: 'bruno' })).toString('base64url')
        return `${header}.${claims}.${signature}`
      }
    }, 'token-invalid']
  ]
  for (const [what, lies, expected] of cases) assert.equal(await comesTo(lies), expected, what)
})

test('userinfo of another person is not believed', async () => {
  assert.equal(await comesTo({ userinfo: { sub: 'bruno' } }), 'token-invalid')
})

test('what came back once does not come back again', async () => {
  const browser = new Browser()
  const callback = url => url.startsWith(`${site.http}/auth/oidc/callback`)
  const stopped = await browser.signIn(site, 'awa', { until: callback })
  const stranger = await new Browser().go(stopped.url)
  assert.equal(refusal(stranger).error, 'state-unknown', 'another browser has not begun it')
  const first = await browser.go(stopped.url)
  assert.equal(refusal(first), null)
  const login = browser.jar(site.http).get('unisson_login').value
  const second = await browser.go(stopped.url)
  assert.equal(refusal(second).error, 'state-unknown')
  assert.equal(browser.jar(site.http).get('unisson_login').value, login, 'and who is in stays in')
})

test('a made-up state, a made-up code, a code of another sign-in', async () => {
  const browser = new Browser()
  const callback = url => url.startsWith(`${site.http}/auth/oidc/callback`)
  const stopped = new URL((await browser.signIn(site, 'awa', { until: callback })).url)
  const changed = change => {
    const url = new URL(stopped)
    for (const [name, value] of Object.entries(change)) value === null ? url.searchParams.delete(name) : url.searchParams.set(name, value)
    return url.href
  }
  assert.equal(refusal(await browser.go(changed({ state: 'x'.repeat(43) }))).error, 'state-unknown')
  assert.equal(refusal(await browser.go(changed({ state: null }))).error, 'state-unknown')
  assert.equal(refusal(await browser.go(changed({ code: 'made-up' }))).error, 'token-invalid')

  // PKCE: the code of one attempt with the state of another.
  const mine = new URL((await browser.signIn(site, 'awa', { until: callback })).url)
  const theirs = new URL((await new Browser().signIn(site, 'awa', { until: callback })).url)
  mine.searchParams.set('code', theirs.searchParams.get('code'))
  assert.equal(refusal(await browser.go(mine.href)).error, 'token-invalid')

  // What can't be read at all leads to the same page.
  for (const query of ['state=a&state=b&code=c', 'state=a%00&code=c', 'code[]=%ff']) {
    assert.equal(refusal(await browser.go(`${site.http}/auth/oidc/callback?${query}`)).error, 'state-unknown', query)
  }

  // RFC 9207: an answer that names another issuer, or that hides it.
  for (const iss of ['https://evil.example', null]) {
    const url = new URL((await browser.signIn(site, 'awa', { until: callback })).url)
    iss === null ? url.searchParams.delete('iss') : url.searchParams.set('iss', iss)
    assert.equal(refusal(await browser.go(url.href)).error, 'token-invalid')
  }
})

test('the provider has begun to sign with another key', async () => {
  assert.equal(await comesTo({}), null)
  await provider.rotate()
  assert.equal(await comesTo({}), null)
  // And again with another, under the name that it had.
  await provider.rotate()
  assert.equal(await comesTo({}), null)
})

test('a provider that is away is said to be, and counts again when it is back', async () => {
  const browser = new Browser()
  const callback = url => url.startsWith(`${site.http}/auth/oidc/callback`)
  const stopped = await browser.signIn(site, 'awa', { until: callback })
  await provider.down()
  const told = refusal(await browser.go(stopped.url))
  assert.equal(told.error, 'provider-down')
  assert.ok(site.log.includes(told.ref), 'the log has the reason beside what the person was shown')
  assert.ok(!site.log.includes(new URL(stopped.url).searchParams.get('code')), 'and no code')
  await provider.up()
  assert.equal(await comesTo({}), null)
})

test('nothing works before the provider was ever there, and then it does', async () => {
  const port = await freePort()
  const late = await IdentityProvider.start({ sitePort: port })
  late.people.set('awa', { name: 'Awa', email: 'awa@exemple.gouv.fr', email_verified: true })
  await late.down()
  const other = await Site.open({ port, provider: late })
  const page = await new Browser().go(`${other.http}/auth/oidc/start?return_to=/documents`)
  assert.deepEqual([refusal(page).error, refusal(page).return_to], ['provider-down', '/documents'])
  await late.up()
  late.lie({ discovery: { issuer: 'https://evil.example' } })
  assert.equal(refusal(await new Browser().go(`${other.http}/auth/oidc/start`)).error, 'provider-down')
  late.lie({})
  const browser = new Browser()
  await browser.signIn(other, 'awa')
  assert.equal((await browser.me(other)).name, 'Awa')
  await Promise.all([other.end(), late.down()])
})

test('userinfo comes signed, as State providers send it', async () => {
  for (const alg of ['RS256', 'ES256']) {
    const port = await freePort()
    const state = await IdentityProvider.start({
      sitePort: port, client: { userinfo_signed_response_alg: alg, id_token_signed_response_alg: alg }
    })
    state.people.set('awa', { given_name: 'Awa', usual_name: 'Diallo', email: 'awa@exemple.gouv.fr' })
    const other = await Site.open({ port, provider: state, env: { UNISSON_OIDC_TRUST_EMAIL: 'true' } })
    const browser = new Browser()
    await browser.signIn(other, 'awa')
    const me = await browser.me(other)
    assert.deepEqual([me.name, me.email], ['Awa Diallo', 'awa@exemple.gouv.fr'])

    const answers = [
      ['another person', claims => token(state.keys.find(key => key.alg === alg), { ...claims, sub: 'bruno' })],
      ['another client', claims => token(state.keys.find(key => key.alg === alg), { ...claims, aud: 'them' })],
      ['a stranger', claims => token({ ...strangersKey(alg === 'ES256' ? 'ec-1' : 'rsa-1') }, claims)]
    ]
    for (const [what, forge] of answers) {
      state.lies = { signedUserinfo: jwt => forge(read(jwt)) }
      assert.equal(refusal(await new Browser().signIn(other, 'awa')).error, 'token-invalid', what)
    }
    await Promise.all([other.end(), state.down()])
  }
})

test('what went wrong is counted', async () => {
  await until('the figures tell', async () => {
    const figures = await Promise.all(['token-invalid', 'state-unknown', 'provider-down']
      .map(code => site.figure(`unisson_sign_in_refusals_total{code="${code}"}`)))
    return figures.every(count => count > 0)
  })
})
