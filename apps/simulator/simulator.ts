import type { Config } from '#lib/app/config.ts'
import type { Clock } from '#lib/clock/clock.ts'
import { createMetrics } from '#lib/telemetry/metrics.ts'
import type { simulatorSettings } from './config.ts'
import { createFaults } from './faults.ts'
import { leaderboardOfMarket, readLeaderboard } from './leaderboard.ts'
import { createMarket } from './market.ts'
import { createMarketClock } from './market-clock.ts'
import { createQuotas } from './quotas.ts'
import { createRateLimit } from './rate-limit.ts'
import { type SimulatorServer, startSimulatorServer } from './server.ts'
import { type MarketSource, openSource, type SourceOptions } from './source.ts'

/** A whole simulated marketplace, served. */
export async function startSimulator(
  config: Config<typeof simulatorSettings>,
  clock: Clock,
): Promise<SimulatorServer & Readonly<{ source: MarketSource }>> {
  const source = await openSource({
    salesFile: config.SIMULATOR_SALES_FILE,
    start: config.SIMULATOR_START,
    seed: config.SIMULATOR_SEED,
    unsoldShare: config.SIMULATOR_UNSOLD_SHARE,
    bargainShare: config.SIMULATOR_BARGAIN_SHARE,
    salesPerHour: config.SIMULATOR_SALES_PER_HOUR,
    specialShare: config.SIMULATOR_SPECIAL_SHARE,
    historyDays: config.SIMULATOR_HISTORY_DAYS,
    turn: turnOf(config),
    clock,
  })
  const faults = createFaults(config.SIMULATOR_FAULTS, config.SIMULATOR_SEED)
  const market = createMarket({
    happenings: source.happenings,
    remembersSales: config.SIMULATOR_REMEMBERED_SALES,
    faultOf: faults.ofNewOffer,
    delayOf: faults.delayMillis,
    onHappened: faults.serve,
  })
  market.advanceTo(source.start)
  const recordedLeaderboard = config.SIMULATOR_LEADERBOARD_FILE === null ? null : readLeaderboard(config.SIMULATOR_LEADERBOARD_FILE)
  const server = await startSimulatorServer(
    {
      market,
      marketClock: createMarketClock({ clock, start: source.start, speed: config.SIMULATOR_SPEED }),
      clock,
      faults,
      apiKey: config.SIMULATOR_API_KEY,
      rateLimit: createRateLimit({ clock, perSecond: config.SIMULATOR_RATE_LIMIT_PER_SECOND }),
      quotas: createQuotas({ clock, perMinute: config.SIMULATOR_REQUESTS_PER_MINUTE, perDay: config.SIMULATOR_REQUESTS_PER_DAY }),
      metrics: createMetrics('simulator'),
      leaderboard: () => recordedLeaderboard ?? leaderboardOfMarket(market),
    },
    { host: config.SIMULATOR_HOST, port: config.SIMULATOR_PORT },
  )
  return { ...server, source }
}

const turnOf = (config: Config<typeof simulatorSettings>): SourceOptions['turn'] =>
  config.SIMULATOR_TURN_AFTER_HOURS === 0
    ? null
    : {
        afterHours: config.SIMULATOR_TURN_AFTER_HOURS,
        priceFactor: config.SIMULATOR_TURN_PRICES,
        newPart: config.SIMULATOR_TURN_PART,
      }
