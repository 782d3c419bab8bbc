import type { Clock } from '#lib/clock/clock.ts'

/** The simulated market's time. It stands still at its start until it is set going, then runs at `speed` times real time. */
export type MarketClock = Readonly<{ now(): number; start(): void; isRunning(): boolean }>

export function createMarketClock({ clock, start, speed }: { clock: Clock; start: number; speed: number }): MarketClock {
  let startedAt: number | null = null
  return {
    now: () => (startedAt === null ? start : Math.floor(start + (clock.monotonic() - startedAt) * speed)),
    start: () => {
      startedAt ??= clock.monotonic()
    },
    isRunning: () => startedAt !== null,
  }
}
