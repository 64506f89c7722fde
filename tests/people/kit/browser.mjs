// As much of a browser as signing in needs: cookies of each origin, redirects one by one, forms that are sent.

const REDIRECTS = 20

export class Browser {
  constructor ({ language = 'fr' } = {}) {
    this.language = language
    this.jars = new Map()
    /** Addresses that were gone through on the last way. */
    this.way = []
  }

  jar (url) {
    const { origin } = new URL(url)
    if (!this.jars.has(origin)) this.jars.set(origin, new Map())
    return this.jars.get(origin)
  }

  /** Set-Cookie lines of the last answers, whole. */
  setCookies = []

  async request (url, { method = 'GET', headers = {}, body } = {}) {
    const cookies = [...this.jar(url)].filter(([, cookie]) => new URL(url).pathname.startsWith(cookie.path))
    const answer = await fetch(url, {
      method,
      body,
      redirect: 'manual',
      headers: {
        'accept-language': this.language,
        ...(cookies.length && { cookie: cookies.map(([name, cookie]) => `${name}=${cookie.value}`).join('; ') }),
        ...headers
      }
    })
    for (const line of answer.headers.getSetCookie()) {
      this.setCookies.push(line)
      const [pair, ...attributes] = line.split(';').map(part => part.trim())
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
      const attribute = wanted => attributes.find(one => one.toLowerCase().startsWith(`${wanted}=`))?.split('=')[1]
      const over = attribute('max-age') === '0' || Date.parse(attribute('expires') ?? '') < Date.now()
      if (over || value === '') this.jar(url).delete(name)
      else this.jar(url).set(name, { value, path: attribute('path') ?? '/' })
    }
    return answer
  }

  /** Goes to an address and follows redirects; stops before one that `until` says yes to. */
  async go (url, { until = () => false, ...options } = {}) {
    this.way = []
    this.setCookies = []
    for (let hops = 0; hops < REDIRECTS; hops++) {
      this.way.push(url)
      const answer = await this.request(url, options)
      const location = answer.headers.get('location')
      if (!location) return { url, status: answer.status, text: await answer.text(), headers: answer.headers }
      await answer.arrayBuffer()
      url = new URL(location, url).href
      options = {}
      if (until(url)) return { url, status: answer.status, text: '', headers: answer.headers }
    }
    throw new Error(`redirects without end: ${this.way.join(' -> ')}`)
  }

  /** Sends the form of a page. */
  async submit (page, fields, options = {}) {
    const action = /<form[^>]*action="([^"]+)"/.exec(page.text)?.[1]
    if (!action) throw new Error(`no form at ${page.url}: ${page.text.slice(0, 500)}`)
    const hidden = [...page.text.matchAll(/<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g)]
    const body = new URLSearchParams([...hidden.map(([, name, value]) => [name, value]), ...Object.entries(fields)])
    return await this.go(new URL(action, page.url).href, {
      ...options, method: 'POST', body: body.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' }
    })
  }

  /** Asks the API. */
  async call (site, method, path, body, headers = {}) {
    const answer = await this.request(`${site.http}${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { 'content-type': 'application/json', origin: site.http, ...headers }
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, text, json: text.startsWith('{') ? JSON.parse(text) : null }
  }

  async me (site) {
    const answer = await this.call(site, 'GET', '/api/v1/me')
    return answer.status === 200 ? answer.json : null
  }

  /** To the provider, in as `login` there, and back again. Stops before `until`. */
  async signIn (site, login, { returnTo = '/', until } = {}) {
    let page = await this.go(`${site.http}/auth/oidc/start?return_to=${encodeURIComponent(returnTo)}`, { until })
    if (page.text.includes('name="login"')) page = await this.submit(page, { login, password: 'x' }, { until })
    if (page.text.includes('value="consent"')) page = await this.submit(page, {}, { until })
    return page
  }
}

/** The code and the rest of an address that a refused sign-in leads to. */
export function refusal (page) {
  const url = new URL(page.url)
  return url.pathname === '/sign-in' ? Object.fromEntries(url.searchParams) : null
}
