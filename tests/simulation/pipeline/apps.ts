import { app as alerter } from '#app/alerter/main.ts'
import { app as archiver } from '#app/archiver/main.ts'
import { collectorSettings } from '#app/collector/config.ts'
import { startCollector } from '#app/collector/main.ts'
import { app as enricher } from '#app/enricher/main.ts'
import { app as featurizer } from '#app/featurizer/main.ts'
import { app as ledger } from '#app/ledger/main.ts'
import { settings as notifierSettings } from '#app/notifier/config.ts'
import { startOutletNotifier } from '#app/notifier/outlet-notifier.ts'
import { settings as scorerSettings } from '#app/scorer/config.ts'
import { startScorer } from '#app/scorer/main.ts'
import type { AppContext, RunningApp } from '#lib/app/app.ts'
import { commonSettings } from '#lib/app/common-settings.ts'
import { parseConfig, type Settings } from '#lib/app/config.ts'
import type { TensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import type { Dice } from '../kernel/dice.ts'
import type { Actor, Scheduler } from '../kernel/scheduler.ts'
import { type Channel, createSimulatedPoster } from './channel.ts'
import { createSimulatedMarketplace, type Market } from './market.ts'

/** What there is besides a process's own context. */
export type Surroundings = Readonly<{ scheduler: Scheduler; dice: Dice; market: Market; channel: Channel; runtime: TensorRuntime }>

type Context = Omit<AppContext, 'config'>
type Start = (context: Context, around: Surroundings, actor: Actor) => Promise<RunningApp>

const nowhere = 'http://127.0.0.1:1'
const environment = {
  KAFKA_BROKERS: '127.0.0.1:1',
  SCHEMA_REGISTRY_URL: nowhere,
  S3_ENDPOINT: nowhere,
  S3_ACCESS_KEY: 'simulated',
  S3_SECRET_KEY: 'simulated',
  AXIE_API_KEY: 'simulated',
  MARKET_SOURCE: 'synthetic',
  HISTORY_DAYS: '1',
  POLL_MILLISECONDS: '700',
  SALES_POLL_MILLISECONDS: '1500',
  SWEEP_MILLISECONDS: '0',
  ASK_CHECK_MILLISECONDS: '0',
  ARCHIVE_TOPICS: 'market.events,listings.scored,alerts',
  ARCHIVE_MAX_RECORDS: '4',
  ARCHIVE_IDLE_SECONDS: '2',
  ARCHIVE_ROTATION_SECONDS: '5',
}

/** Parsed once: a history starts dozens of processes, and the settings are the same. */
const configured = <S extends Settings>(settings: S): AppContext<S>['config'] =>
  parseConfig({ ...commonSettings, ...settings }, environment) as AppContext<S>['config']

const withSettings = <S extends Settings>(app: { settings: S; start(context: AppContext<S>): Promise<RunningApp> }): Start => {
  const config = configured(app.settings)
  return (context) => app.start({ ...context, config })
}

const collectorConfig = configured(collectorSettings)
const scorerConfig = configured(scorerSettings)
const notifierConfig = configured(notifierSettings)
const silent = { request() {}, poll() {}, answered() {}, budget() {}, fieldLeftOut() {}, committed() {} }

/** The same code that `flipstream <app>` runs, on simulated ports. */
export const starters: Readonly<Record<string, Start>> = {
  enricher: withSettings(enricher),
  featurizer: withSettings(featurizer),
  alerter: withSettings(alerter),
  ledger: withSettings(ledger),
  archiver: withSettings(archiver),
  scorer: (context, { runtime }) => startScorer({ ...context, config: scorerConfig }, runtime),
  collector(context, { scheduler, market }, actor) {
    let marketTime: number | null = null
    const marketplace = createSimulatedMarketplace(scheduler, market, actor, (time) => {
      marketTime = Math.max(marketTime ?? time, time)
    })
    return startCollector({ ...context, config: collectorConfig }, { marketplace, marketTime: () => marketTime, collectorMetrics: silent })
  },
  notifier: (context, { scheduler, channel, dice }, actor) =>
    startOutletNotifier(
      { ...context, config: notifierConfig },
      {
        posters: new Map([['default', createSimulatedPoster(scheduler, channel, actor, dice)]]),
        buttons: channel.canLook ? 'interactive' : 'links',
      },
    ),
}
