import { onTestFinished } from 'vitest'
import { simulatorSettings } from '#app/simulator/config.ts'
import type { MarketCounts } from '#app/simulator/market.ts'
import { marketTimeHeader } from '#app/simulator/server.ts'
import { startSimulator } from '#app/simulator/simulator.ts'
import { type Config, parseConfig } from '#lib/app/config.ts'
import { type Clock, systemClock } from '#lib/clock/clock.ts'
import { createMarketplace, type Marketplace, type MarketplaceOptions } from '#lib/marketplace/client.ts'

export type StartedSimulator = Readonly<{
  url: string
  start: number
  /** Another client of it. */
  client(options?: Partial<MarketplaceOptions>): Marketplace
  faults(settings: unknown): Promise<number>
  stats(): Promise<MarketCounts & Readonly<Record<'answers' | 'faults' | 'served', Record<string, number>>>>
}>

/** A simulated market on a real socket, for one test. Half a day of history, at the same moment every time, unless told otherwise. */
export async function startedSimulator(env: Record<string, string> = {}, clock: Clock = systemClock): Promise<StartedSimulator> {
  const config: Config<typeof simulatorSettings> = parseConfig(simulatorSettings, {
    SIMULATOR_START: '2026-01-13T00:00:00Z',
    SIMULATOR_HISTORY_DAYS: '0.5',
    LOG_LEVEL: 'silent',
    ...env,
  })
  const simulator = await startSimulator(config, clock)
  onTestFinished(simulator.close)
  // Each on a connection of its own: one that lay idle while this process was busy may be closed at the moment it is used again.
  const headers = { connection: 'close' }
  const get = async (path: string) => (await fetch(`${simulator.url}${path}`, { headers })).json() as never
  return {
    url: simulator.url,
    start: simulator.source.start,
    client(options = {}) {
      const marketplace = createMarketplace({
        url: `${simulator.url}/graphql`,
        leaderboardUrl: `${simulator.url}/leaderboard`,
        apiKey: config.SIMULATOR_API_KEY,
        requestsPerSecond: 1_000,
        concurrentRequests: 4,
        timeoutMillis: 5_000,
        attempts: 4,
        maxBodyBytes: 4_000_000,
        marketTimeHeader,
        clock: systemClock,
        ...options,
      })
      onTestFinished(marketplace.close)
      return marketplace
    },
    faults: async (settings) =>
      (await fetch(`${simulator.url}/faults`, { method: 'POST', headers, body: JSON.stringify(settings) })).status,
    stats: () => get('/stats'),
  }
}
