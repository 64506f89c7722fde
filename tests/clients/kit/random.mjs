// Random plans that can be played again: every plan is a number, printed with its test.

/** SplitMix32: small, seedable and good enough to choose edits. */
export function random (seed) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
  const below = n => next() % n
  return {
    next,
    below,
    chance: percent => below(100) < percent,
    pick: list => list[below(list.length)],
    word: () => {
      let text = ''
      for (let i = 1 + below(8); i > 0; i--) text += 'abcdefghijklmnopqrstuvwxyzéàç🙂 '.charAt(below(27))
      return text
    },
    bytes: n => Uint8Array.from({ length: n }, () => next() & 0xff)
  }
}

/**
 * The seeds of a run: SEED=n plays one again, SEEDS=n plays that many, FIRST_SEED=n from there. Without `first` each
 * run begins somewhere else, and prints where.
 */
export function seeds (modest, first = Date.now() % 1_000_000) {
  if (process.env.SEED) return [Number(process.env.SEED)]
  const count = Number(process.env.SEEDS ?? modest)
  const from = Number(process.env.FIRST_SEED ?? first)
  return Array.from({ length: count }, (_, i) => from + i)
}
