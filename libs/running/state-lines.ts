import type { Clock } from '#lib/clock/clock.ts'
import type { Phase } from './supervision/app-life.ts'

/** How one app or server is, as lines for people are made of it. */
export type State = Readonly<{ name: string; phase: Phase; text: string }>

/**
 * How all are, in as few lines as it takes: those that are ready share a line, whoever is not has one of its own. `columns` null: only those.
 *
 *   ready: collector, enricher, featurizer, alerter, notifier
 *   scorer      restarting in 2 s: was killed (SIGKILL), by hand or by the system for want of memory
 */
export function stateLines(states: readonly State[], columns: number | null): string[] {
  const ready = states.filter(isReady).map(({ name }) => name)
  const others = states.filter((state) => !isReady(state)).map(({ name, text }) => `${name.padEnd(11)} ${text}`)
  return [...(ready.length === 0 || columns === null ? [] : wrap(`ready: ${ready.join(', ')}`, columns - 1)), ...others]
}

const isReady = ({ text }: State): boolean => text === 'ready'

/** Broken at spaces; lines after the first are indented. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = `      ${word}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** Says what changed for the worse or for the better again, once, and nothing of what is over before one has read it. */
export interface StateReport {
  look(states: readonly State[]): void
}

/** Waiting is worth a line only if it lasts. */
const lastingMillis = 5_000
const atOnce: readonly Phase['name'][] = ['ending', 'pausing', 'resting', 'given up']

export function createStateReport({ clock, say }: Readonly<{ clock: Clock; say(line: string): void }>): StateReport {
  const seen = new Map<string, { kind: string; since: number }>()
  /** What was said last of each; nothing is said of a good start. */
  const said = new Map<string, string>()
  return {
    look(states) {
      for (const { name, phase, text } of states) {
        // Counts and seconds change all the time.
        const kind = text.replace(/\d+/g, '#')
        const before = seen.get(name)
        if (before?.kind !== kind) seen.set(name, { kind, since: clock.monotonic() })
        const since = seen.get(name)?.since ?? 0
        const isDue = text === 'ready' || atOnce.includes(phase.name) || clock.monotonic() - since >= lastingMillis
        const isAsked = phase.name === 'stopping' || phase.name === 'stopped'
        if (!isDue || isAsked || said.get(name) === kind) continue
        if (text !== 'ready' || said.has(name)) say(`${name}: ${text}`)
        said.set(name, kind)
      }
    },
  }
}
