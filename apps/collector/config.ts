import { decimal, defineConfig, integer, oneOf, optionalText, text, url } from '#lib/app/config.ts'
import { publicApi } from '#lib/marketplace/contract.ts'
import { keySettings } from '#lib/marketplace/key-settings.ts'

export const collectorSettings = defineConfig({
  MARKETPLACE_URL: {
    schema: url(),
    default: publicApi,
    description: "The marketplace's GraphQL API.",
  },
  AXIE_API_KEY: { schema: text(), description: 'Sent as X-API-Key.', secret: true },
  LEADERBOARD_URL: {
    schema: optionalText(),
    default: '',
    description: "JSON document of the best players' axies, read once a day; empty: there is none (the public API has none).",
  },
  MARKET_SOURCE: {
    schema: oneOf(['live', 'recorded', 'synthetic']),
    default: 'live',
    description: 'Which market this is: stamped on every event.',
  },
  MARKET_TIME_HEADER: {
    schema: optionalText(),
    default: '',
    description: 'Response header with the time of a simulated market; empty: the time is ours.',
  },
  HISTORY_DAYS: {
    schema: decimal(0, 365),
    default: '21',
    unit: 'days',
    description: 'Settled sales to read before going live the first time. The fold remembers 21.',
  },
  LIVE_AFTER_GROUP: {
    schema: optionalText(),
    default: '',
    description:
      'The first time, listings are looked at only once this consumer group (without PREFIX) has read the history; empty: at once.',
  },
  FIRST_LOOK_MINUTES: {
    schema: decimal(0, 10_080),
    default: '15',
    unit: 'min',
    description: 'The first time, listings older than this are not news.',
  },
  POLL_MILLISECONDS: { schema: integer(1, 3_600_000), default: '2000', unit: 'ms', description: 'Between looks at the newest listings.' },
  SALES_POLL_MILLISECONDS: {
    schema: integer(1, 3_600_000),
    default: '5000',
    unit: 'ms',
    description: 'Between looks at the newest sales.',
  },
  SWEEP_MILLISECONDS: {
    schema: integer(0, 3_600_000),
    default: '20000',
    unit: 'ms',
    description: 'Between looks at the cheapest listings of a class (each in turn); 0: never.',
  },
  ASK_CHECK_MILLISECONDS: {
    schema: integer(0, 3_600_000),
    default: '5000',
    unit: 'ms',
    description: 'Between checks whether a tracked listing (each in turn) is still there; 0: never.',
  },
  REQUESTS_PER_SECOND: { schema: decimal(0.01, 10_000), default: '5', unit: '1/s', description: 'At most, all queries together.' },
  ...keySettings,
  CONCURRENT_REQUESTS: { schema: integer(1, 100), default: '4', description: 'At most, all queries together.' },
  REQUEST_TIMEOUT_MILLISECONDS: { schema: integer(10, 50_000), default: '10000', unit: 'ms', description: 'For a whole answer.' },
})
