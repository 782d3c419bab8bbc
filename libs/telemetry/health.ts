import type { Clock } from '#lib/clock/clock.ts'

/**
 * Two different questions. Alive: does our own loop turn? Only a "no" may restart the process. Ready: can it do its work now?
 * A broker, registry or store that is away makes it not ready; a restart would not bring them back.
 */
export interface Health {
  /** Names what must be true before this app is of use, as not yet true. */
  expect(condition: string): void
  set(condition: string, ready: boolean, detail?: string): void
  /** The loop turned. `holdsWork`: it will turn again by itself, so a long silence from now on is a hang. */
  turned(holdsWork: boolean): void
  report(): HealthReport
}

export type HealthReport = Readonly<{
  alive: boolean
  ready: boolean
  conditions: Readonly<Record<string, { ready: boolean; detail: string }>>
}>

export function createHealth({ clock, hangSeconds = 60 }: { clock: Clock; hangSeconds?: number }): Health {
  const conditions = new Map<string, { ready: boolean; detail: string }>()
  let last = { at: clock.monotonic(), holdsWork: false }
  return {
    expect: (condition) => void conditions.set(condition, { ready: false, detail: 'not yet' }),
    set: (condition, ready, detail = ready ? 'ok' : 'not ready') => void conditions.set(condition, { ready, detail }),
    turned: (holdsWork) => {
      last = { at: clock.monotonic(), holdsWork }
    },
    report: () => ({
      alive: !last.holdsWork || clock.monotonic() - last.at < hangSeconds * 1_000,
      ready: [...conditions.values()].every(({ ready }) => ready),
      conditions: Object.fromEntries(conditions),
    }),
  }
}
