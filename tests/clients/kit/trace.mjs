// A long editing session: a real trace named by UNISSON_TRACE (the JSON of josephg/editing-traces, gzipped
// or not), or one made up in the shape of the automerge-paper trace: 260,000 single letters typed and
// deleted in runs, a jump of the cursor between runs, about 105,000 letters at the end.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { random } from './random.mjs'

const OPERATIONS = 259_778

/** `{ name, operations: [[at, deleted, inserted], ...], end }` */
export function trace () {
  const file = process.env.UNISSON_TRACE
  return file ? real(file) : madeUp(Number(process.env.SEED ?? 1), Number(process.env.TRACE_OPERATIONS ?? OPERATIONS))
}

function real (file) {
  const raw = readFileSync(file)
  const { startContent, endContent, txns } = JSON.parse(raw[0] === 0x1f ? gunzipSync(raw) : raw)
  const operations = txns.flatMap(txn => txn.patches)
  if (startContent) operations.unshift([0, 0, startContent])
  return { name: file.split('/').at(-1), operations, end: endContent }
}

const WORDS = ['we', 'present', 'a', 'replicated', 'tree', 'move', 'operation', '\\cite{lamport78}', 'où', 'été', 'causal', 'order', '\n\n', 'log,', 'state.', 'the']

function madeUp (seed, count) {
  const rng = random(seed)
  const operations = []
  let text = ''
  while (operations.length < count) {
    const left = count - operations.length
    // Letters come in runs of about fifty at one place; two in seven are taken back at once, backwards.
    let at = rng.chance(55) ? text.length : rng.below(text.length + 1)
    let run = ''
    for (let words = 2 + rng.below(12); words > 0; words--) run += `${rng.pick(WORDS)} `
    run = run.slice(0, left)
    for (let i = 0; i < run.length; i++) operations.push([at + i, 0, run[i]])
    text = text.slice(0, at) + run + text.slice(at)
    at += run.length
    const back = Math.min(rng.below(36), at, count - operations.length)
    for (let i = 1; i <= back; i++) operations.push([at - i, 1, ''])
    text = text.slice(0, at - back) + text.slice(at)
  }
  return { name: `made up, seed ${seed}`, operations, end: text }
}
