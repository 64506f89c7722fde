// Times that a rule names: printed as they were, and asserted with slack, since a test machine has other things to do.

import { until } from './wait.mjs'

export const SLACK = 3

/** Waits until `condition`, at most `promised × SLACK` milliseconds, and notes how long it took in the test `t`. */
export async function measured (t, what, promised, condition) {
  const from = performance.now()
  await until(what, condition, { within: promised * SLACK })
  t.diagnostic(`${what}: after ${(performance.now() - from).toFixed(0)} ms, ${promised} promised`)
}
