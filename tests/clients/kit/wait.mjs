// Waiting for a condition, never for a time. A wait that fails says what it was waiting for.

const PAUSE_MS = 10

/**
 * Resolves with the first truthy value of `condition`; fails after `within` milliseconds
 * naming `what`. A condition that throws counts as not yet true, and its error is shown at the end.
 */
export async function until (what, condition, { within = 30_000 } = {}) {
  const deadline = performance.now() + within
  let last
  for (;;) {
    try {
      last = await condition()
      if (last) return last
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last)
      throw new Error(`waited ${within} ms in vain until ${what}; last seen: ${seen}`)
    }
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
  }
}

/**
 * The opposite promise: `condition` stays false for the whole of `during` milliseconds.
 * For what must *not* happen there is no event to wait for, only a length of time to watch.
 */
export async function never (what, condition, { during }) {
  const deadline = performance.now() + during
  while (performance.now() < deadline) {
    const seen = await condition()
    if (seen) throw new Error(`this must not happen, and did: ${what}; seen: ${JSON.stringify(seen)}`)
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
  }
}
