// What was started is ended with the process, also when a signal ends it.

const ends = new Set()
let listening = false

/** Calls `end` (which must not wait) when the process ends; returns what takes that back. */
export function atEnd (end) {
  if (!listening) {
    listening = true
    process.on('exit', () => { for (const one of ends) one() })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))
  }
  ends.add(end)
  return () => ends.delete(end)
}
