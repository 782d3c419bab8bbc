import type { App } from '#lib/app/app.ts'
import type { Settings } from '#lib/app/config.ts'

/** Every app of the pipeline: what --help says of it, and where it is. Loaded only when it is run. */
export const apps: Readonly<Record<string, Readonly<{ summary: string; load(): Promise<App<Settings>> }>>> = {
  collector: { summary: 'the marketplace API into market.events', load: async () => general((await import('./collector/main.ts')).app) },
  enricher: {
    summary: 'folds market.events, adds the market to each listing',
    load: async () => general((await import('./enricher/main.ts')).app),
  },
  featurizer: { summary: 'listings into feature vectors', load: async () => general((await import('./featurizer/main.ts')).app) },
  scorer: { summary: 'feature vectors into price quantiles', load: async () => general((await import('./scorer/main.ts')).app) },
  alerter: { summary: 'decides which listings deserve an alert', load: async () => general((await import('./alerter/main.ts')).app) },
  notifier: {
    summary: 'tells people of alerts: cards in the terminal',
    load: async () => general((await import('./notifier/main.ts')).app),
  },
  ledger: {
    summary: 'what became of every alert, beside a random buyer',
    load: async () => general((await import('./ledger/main.ts')).app),
  },
  dashboard: {
    summary: 'a live web page and a REST API that prices any axie',
    load: async () => general((await import('./dashboard/main.ts')).app),
  },
  learner: {
    summary: 'compares models in shadow with the champion; promotes and rolls back by what sold',
    load: async () => general((await import('./learner/main.ts')).app),
  },
  validator: {
    summary: 'judges each hour of the market as a whole; dead letters where it does not hold',
    load: async () => general((await import('./validator/main.ts')).app),
  },
  trainer: {
    summary: 'trains models by itself, when the one in force grows old, drifts or stops earning',
    load: async () => general((await import('./trainer/main.ts')).app),
  },
  archiver: { summary: 'market.events into the object store', load: async () => general((await import('./archiver/main.ts')).app) },
}

/** An app is started only with a configuration parsed from its own settings, so which settings those are need not be known here. */
const general = <S extends Settings>(app: App<S>): App<Settings> => app as unknown as App<Settings>
