// A real identity provider (npm oidc-provider) that can be made to lie: `id` rewrites what an ID token says and signs it
// again with the provider's own key, `whole` replaces it, `userinfo` and `discovery` change those answers.

import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import Provider from 'oidc-provider'
import { freePort } from '../../clients/kit/port.mjs'
import { atEnd } from '../../clients/kit/ending.mjs'

const quiet = ['debug', 'info', 'warn']
for (const level of quiet) {
  const say = console[level]
  console[level] = (...words) => String(words[0]).includes('oidc-provider') ? undefined : say(...words)
}

function key (kid) {
  const { privateKey } = kid.startsWith('ec')
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: kid.startsWith('ec') ? 'ES256' : 'RS256' }
}

const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Signs claims as the provider would. */
export function token (jwk, claims, header = {}) {
  const signed = `${encode({ alg: jwk.alg, kid: jwk.kid, ...header })}.${encode(claims)}`
  const options = jwk.alg === 'ES256' ? { dsaEncoding: 'ieee-p1363' } : {}
  const signature = sign('sha256', Buffer.from(signed), { key: createPrivateKey({ key: jwk, format: 'jwk' }), ...options })
  return `${signed}.${signature.toString('base64url')}`
}

export const read = jwt => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString())

export class IdentityProvider {
  /** `client`: more of the client's metadata, such as `userinfo_signed_response_alg`; `tls`: a key and a certificate. */
  static async start ({ sitePort, client = {}, tls = null }) {
    const one = new IdentityProvider()
    one.port = await freePort()
    one.tls = tls
    one.issuer = tls ? `https://localhost:${one.port}` : `http://127.0.0.1:${one.port}`
    one.clientId = 'unisson'
    one.clientSecret = 'a secret of its own: &%+/=, 12345'
    one.site = `http://127.0.0.1:${sitePort}`
    one.client = client
    one.keys = [key('rsa-1'), key('ec-1')]
    /** What the provider knows of people, by login. */
    one.people = new Map()
    one.lies = {}
    one.seen = []
    await one.up()
    return one
  }

  async up () {
    const provider = new Provider(this.issuer, {
      clients: [{
        client_id: this.clientId,
        client_secret: this.clientSecret,
        redirect_uris: [`${this.site}/auth/oidc/callback`],
        post_logout_redirect_uris: [`${this.site}/`],
        ...this.client
      }],
      claims: {
        openid: ['sub'],
        email: ['email', 'email_verified'],
        profile: ['name', 'given_name', 'usual_name', 'organizational_unit']
      },
      features: { jwtUserinfo: { enabled: true }, devInteractions: { enabled: true } },
      findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...this.people.get(sub) }) }),
      jwks: { keys: this.keys },
      cookies: { keys: ['a key of the provider'] },
      pkce: { required: () => true }
    })
    provider.use(async (context, next) => {
      this.seen.push(context.path)
      await next()
      if (context.path === '/token' && context.body?.id_token) this.twist(context.body)
      if (context.path === '/me' && this.lies.userinfo) context.body = { ...context.body, ...this.lies.userinfo }
      if (context.path === '/me' && this.lies.signedUserinfo) context.body = this.lies.signedUserinfo(String(context.body))
      if (context.path.endsWith('/openid-configuration') && this.lies.discovery) {
        context.body = { ...context.body, ...this.lies.discovery }
      }
    })
    this.server = this.tls ? createSecureServer(this.tls, provider.callback()) : createServer(provider.callback())
    this.server.listen(this.port, this.tls ? 'localhost' : '127.0.0.1')
    await once(this.server, 'listening')
    this.over = atEnd(() => this.server.closeAllConnections())
  }

  twist (body) {
    const { id, sign: by = this.keys[0], header, whole } = this.lies
    if (id || header || this.lies.sign) body.id_token = token(by, { ...read(body.id_token), ...id }, header)
    if (whole) body.id_token = whole(body.id_token)
  }

  /** What the next tokens are made to say. */
  lie (lies) { this.lies = lies }

  /** Signs with another key from now on, which is in its list. */
  async rotate () {
    await this.down()
    this.keys = [key('rsa-2'), key('ec-2')]
    await this.up()
  }

  async down () {
    this.over()
    const closed = once(this.server, 'close')
    this.server.close()
    this.server.closeAllConnections()
    await closed
  }
}

/** A key that no provider lists. */
export const strangersKey = kid => key(kid)
