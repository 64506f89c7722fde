// My sign-ins, and an end to them.

import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { binary } from '../clients/kit/server.mjs'
import { Browser } from './kit/browser.mjs'
import { LUCIE, Site } from './kit/site.mjs'

const BRUNO = '01930000-0000-7000-8000-000000000002'

let site

before(async () => { site = await Site.open() })
after(() => site.end())

async function browser (id, name) {
  const one = new Browser()
  await one.call(site, 'POST', '/auth/demo', { id }, { 'user-agent': name })
  return one
}

const logins = async one => (await one.call(site, 'GET', '/api/v1/me/logins')).json.items

test('I see my sign-ins, and end one, and all others', async () => {
  const [desk, phone, lost] = [await browser(LUCIE, 'Desk'), await browser(LUCIE, 'Phone'), await browser(LUCIE, 'Lost')]
  const seen = await logins(desk)
  assert.deepEqual(seen.map(one => one.user_agent).sort(), ['Desk', 'Lost', 'Phone'])
  assert.deepEqual(seen.filter(one => one.current).map(one => one.user_agent), ['Desk'])
  const end = await desk.call(site, 'DELETE', `/api/v1/me/logins/${seen.find(one => one.user_agent === 'Lost').id}`)
  assert.equal(end.status, 204)
  assert.equal(await lost.me(site), null)
  assert.notEqual(await phone.me(site), null)

  const others = await desk.call(site, 'POST', '/api/v1/me/logins/end-others')
  assert.deepEqual([others.status, others.json], [200, { ended_count: 1 }])
  assert.equal(await phone.me(site), null)
  assert.equal((await logins(desk)).length, 1)
})

test('nobody ends the sign-in of somebody else', async () => {
  const [lucie, bruno] = [await browser(LUCIE, 'Hers'), await browser(BRUNO, 'His')]
  const [his] = await logins(bruno)
  assert.equal((await lucie.call(site, 'DELETE', `/api/v1/me/logins/${his.id}`)).status, 404)
  assert.notEqual(await bruno.me(site), null)
  for (const [method, path] of [['GET', ''], ['DELETE', `/${his.id}`], ['POST', '/end-others']]) {
    assert.equal((await new Browser().call(site, method, `/api/v1/me/logins${path}`)).status, 401)
  }
})

test('I change what others see of me, and nothing else', async () => {
  const bruno = await browser(BRUNO, 'x')
  const change = async body => (await bruno.call(site, 'PATCH', '/api/v1/me', body))
  const changed = (await change({ name: ' Bruno L. ', service: 'DREAL Occitanie', directory: 'communities' })).json
  assert.deepEqual([changed.name, changed.service, changed.directory, changed.language], ['Bruno L.', 'DREAL Occitanie', 'communities', 'fr'])
  assert.equal((await change({ service: null })).json.service, null)
  assert.equal((await change({ name: 'Bruno Lefèvre', directory: 'agents' })).json.service, null)
  for (const evil of [
    { role: 'administrator' }, { is_administrator: true }, { email: 'x@exemple.gouv.fr' }, { id: LUCIE }, { suspended_at: null },
    { name: '' }, { name: 'a\nb' }, { name: 'x'.repeat(121) }, { language: 'de' }, { directory: 'nobody' }
  ]) assert.equal((await change(evil)).status, 422, JSON.stringify(evil))
  const me = await bruno.me(site)
  assert.deepEqual([me.role, me.is_administrator, me.email], ['agent', false, 'bruno.lefevre@exemple.gouv.fr'])
})

test('my data is a file of its own, with nothing of others and no secret', async () => {
  const bruno = await browser(BRUNO, 'Export')
  const answer = await bruno.call(site, 'GET', '/api/v1/me/export')
  assert.equal(answer.status, 200)
  assert.match(answer.headers.get('content-disposition'), /^attachment; filename="unisson-my-data\.json"$/)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  const held = answer.json
  assert.equal(held.account.email, 'bruno.lefevre@exemple.gouv.fr')
  assert.ok(held.memberships.length > 0 && held.logins.some(login => login.user_agent === 'Export'))
  for (const list of ['identities', 'documents', 'shares', 'requests', 'request_messages', 'join_requests', 'invitations', 'audit']) {
    assert.ok(Array.isArray(held[list]), list)
  }
  assert.ok(!/secret|hash|id_token/.test(answer.text))
  assert.equal((await new Browser().call(site, 'GET', '/api/v1/me/export')).status, 401)
})

test('the first administrator is made on the command line, and signs in by the link that it prints', async () => {
  const run = promisify(execFile)
  const settings = { ...process.env, UNISSON_PUBLIC_URL: site.http, UNISSON_DATABASE: site.database }
  const account = (...more) => run(binary, ['account', '--email', 'First@exemple.gouv.fr', ...more], { env: settings })
  const { stdout } = await account('--name', 'First One', '--role', 'administrator', '--link')
  const [told, link] = stdout.trim().split('\n')
  assert.equal(told, 'First One (first@exemple.gouv.fr) is administrator')
  const [page, secret] = link.split('#')
  assert.equal(page, `${site.http}/sign-in/link`)
  const one = new Browser()
  assert.equal((await one.call(site, 'POST', '/auth/email/redeem', { secret })).status, 200)
  assert.equal((await one.me(site)).is_administrator, true)
  assert.equal((await account('--role', 'agent')).stdout.trim(), 'First One (first@exemple.gouv.fr) is agent')
  assert.equal((await one.me(site)).is_administrator, false)
  await assert.rejects(run(binary, ['account', '--email', 'nobody'], { env: settings }), { code: 2 })
})
