// Updates as a person typing makes them.

import * as Y from 'yjs'

/** Updates of one text, one letter each. */
export function letters (n, { client, text = 'text' } = {}) {
  const doc = new Y.Doc()
  if (client) doc.clientID = client
  const updates = []
  doc.on('update', update => updates.push(update))
  for (let i = 0; i < n; i++) doc.getText(text).insert(i, String.fromCharCode(97 + i % 26))
  return { doc, updates }
}
