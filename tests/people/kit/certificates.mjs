// A certificate authority of the test's own, and a certificate of this machine by it (openssl).

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { atEnd } from '../../clients/kit/ending.mjs'

/** `{ authority: FILE, key, cert }`, or null where there is no openssl. */
export function certificates () {
  const folder = mkdtempSync(path.join(tmpdir(), 'unisson-certificates-'))
  atEnd(() => rmSync(folder, { recursive: true, force: true }))
  const file = name => path.join(folder, name)
  const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' })
  const fresh = name => ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file(`${name}.key`)]
  try {
    openssl('req', '-x509', ...fresh('ca'), '-out', file('ca.pem'), '-days', '2', '-subj', '/CN=Test authority',
      '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign')
    openssl('req', ...fresh('leaf'), '-out', file('leaf.csr'), '-subj', '/CN=localhost')
    writeFileSync(file('leaf.ext'), 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n')
    openssl('x509', '-req', '-in', file('leaf.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial',
      '-out', file('leaf.pem'), '-days', '1', '-extfile', file('leaf.ext'))
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
  return { authority: file('ca.pem'), key: readFileSync(file('leaf.key')), cert: readFileSync(file('leaf.pem')) }
}
