// Random edits of everything that a Yjs document may hold.

import * as Y from 'yjs'

/** Everything in a document, in one comparable text. */
export function contents (doc) {
  const sorted = value => {
    if (Array.isArray(value)) return value.map(sorted)
    if (value && typeof value === 'object') return Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]))
    return value
  }
  return JSON.stringify(sorted({
    text: doc.getText('text').toString(),
    rich: doc.getText('rich').toDelta(),
    page: doc.getXmlFragment('page').toString(),
    map: doc.getMap('map').toJSON(),
    list: doc.getArray('list').toJSON()
  }))
}

const somewhere = (rng, length) => rng.below(length + 1)

function editList (rng, list) {
  if (list.length > 0 && rng.chance(35)) {
    const at = rng.below(list.length)
    return list.delete(at, Math.min(1 + rng.below(3), list.length - at))
  }
  const at = somewhere(rng, list.length)
  const kind = rng.below(6)
  if (kind === 0) list.insert(at, [new Y.Map([['n', rng.below(100)]])])
  else if (kind === 1) list.insert(at, [new Y.Text(rng.word())])
  else if (kind === 2) list.insert(at, [rng.bytes(4), null, { deep: [rng.below(9), 'x'] }])
  else list.insert(at, [rng.below(1000), rng.word(), rng.chance(50)])
}

function editMap (rng, map) {
  const key = rng.pick(['a', 'b', 'c', 'd'])
  const kind = rng.below(8)
  if (kind === 0) return map.delete(key)
  if (kind === 1) return map.set(key, new Y.Map([['n', rng.below(100)]]))
  if (kind === 2) return map.set(key, Y.Array.from([rng.below(9)]))
  const inner = map.get(key)
  if (inner instanceof Y.Map) return inner.set(rng.pick(['n', 'm']), rng.chance(30) ? new Y.Text(rng.word()) : rng.word())
  if (inner instanceof Y.Array) return editList(rng, inner)
  return map.set(key, rng.chance(50) ? rng.below(1000) : rng.word())
}

function editText (rng, text) {
  if (text.length > 0 && rng.chance(35)) {
    const at = rng.below(text.length)
    return text.delete(at, Math.min(1 + rng.below(5), text.length - at))
  }
  return text.insert(somewhere(rng, text.length), rng.word())
}

function editRich (rng, text) {
  if (text.length > 2 && rng.chance(40)) {
    const at = rng.below(text.length - 1)
    return text.format(at, 1 + rng.below(text.length - at), { [rng.pick(['bold', 'italic'])]: rng.chance(60) ? true : null })
  }
  if (rng.chance(10)) return text.insertEmbed(somewhere(rng, text.length), { image: rng.word() })
  return editText(rng, text)
}

function editPage (rng, page) {
  if (page.length > 0 && rng.chance(20)) return page.delete(rng.below(page.length), 1)
  const block = page.length > 0 && rng.chance(60) ? page.get(rng.below(page.length)) : null
  if (block instanceof Y.XmlElement) {
    if (rng.chance(25)) return block.setAttribute('level', String(rng.below(4)))
    const inner = block.length > 0 ? block.get(0) : null
    if (inner instanceof Y.XmlText) return editText(rng, inner)
    return block.insert(0, [new Y.XmlText(rng.word())])
  }
  const element = new Y.XmlElement(rng.pick(['paragraph', 'heading', 'list']))
  page.insert(somewhere(rng, page.length), [element])
  element.insert(0, [new Y.XmlText(rng.word())])
}

/** A random edit, or four in one transaction, of anything that a document may hold. */
export function edit (rng, client) {
  if (client.is14) {
    if (client.length > 4 && rng.chance(30)) return client.delete(rng.below(client.length - 2), 2)
    return client.insert(somewhere(rng, client.length), rng.word())
  }
  const { doc } = client
  const one = () => {
    const kind = rng.below(5)
    if (kind === 0) editText(rng, doc.getText('text'))
    else if (kind === 1) editRich(rng, doc.getText('rich'))
    else if (kind === 2) editPage(rng, doc.getXmlFragment('page'))
    else if (kind === 3) editMap(rng, doc.getMap('map'))
    else editList(rng, doc.getArray('list'))
  }
  if (rng.chance(30)) doc.transact(() => { for (let i = 0; i < 4; i++) one() })
  else one()
}

/** A turn of the event loop or a few: letters get under way, in no fixed number. */
export const breathe = async rng => {
  for (let i = rng.below(12); i > 0; i--) await new Promise(resolve => setImmediate(resolve))
}
