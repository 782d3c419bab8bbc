import { decimal, defineConfig, integer, oneOf, optionalText, text } from '#lib/app/config.ts'
import { parseMoment } from '#lib/words/time.ts'
import { type FaultSettings, faultsSchema } from './faults.ts'

/** Milliseconds, from an ISO time or unix seconds; null where empty. */
const moment = () =>
  optionalText().transform((value, context) => {
    if (value === null) return null
    const moment = parseMoment(value)
    if (typeof moment === 'number') return moment
    context.addIssue(`expected ${moment.expected}`)
    return null
  })

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const faults = () =>
  text().transform((value, context): FaultSettings => {
    const parsed = faultsSchema.safeParse(parseJson(value))
    if (parsed.success) return parsed.data
    context.addIssue(`expected JSON such as {"unavailable": 0.01}: ${parsed.error.issues.map(({ message }) => message).join('; ')}`)
    return {}
  })

export const simulatorSettings = defineConfig({
  SIMULATOR_HOST: { schema: text(), default: '127.0.0.1', description: 'Where the marketplace is served.' },
  SIMULATOR_PORT: { schema: integer(0, 65_535), default: '0', description: 'Its port; 0 takes a free one.' },
  SIMULATOR_API_KEY: { schema: text(), default: 'simulated', description: 'The X-API-Key that clients must send.', secret: true },
  SIMULATOR_SALES_FILE: { schema: optionalText(), default: '', description: 'Recorded sales (CSV) to replay; empty: a generated market.' },
  SIMULATOR_START: {
    schema: moment(),
    default: '',
    description: 'Where the market stands at first (ISO or unix seconds); empty: after 40% of the file, or now.',
  },
  SIMULATOR_SPEED: {
    schema: decimal(0.001, 10_000_000),
    default: '120',
    unit: 'x',
    description: 'How many times faster than real time the market runs.',
  },
  SIMULATOR_SEED: { schema: integer(0, 2 ** 31), default: '1', description: 'Of everything that is made up.' },
  SIMULATOR_UNSOLD_SHARE: {
    schema: decimal(0, 10),
    default: '0.3',
    description: 'Asks that never sell, for each sale.',
  },
  SIMULATOR_BARGAIN_SHARE: {
    schema: decimal(0, 1),
    default: '0',
    description: 'How many of these ask half of what their like sold for.',
  },
  SIMULATOR_SALES_PER_HOUR: { schema: decimal(1, 1_000_000), default: '200', unit: '1/h', description: 'Of a generated market.' },
  SIMULATOR_SPECIAL_SHARE: {
    schema: decimal(0, 1),
    default: '0',
    description:
      'Of the axies of a generated market: titled, levelled or evolved, at premiums that are made up; 0: nothing but parts is told.',
  },
  SIMULATOR_TURN_AFTER_HOURS: {
    schema: decimal(0, 10_000),
    default: '0',
    unit: 'h',
    description: 'After so long, on its own clock, a generated market becomes one that no model has learnt; 0: never.',
  },
  SIMULATOR_TURN_PRICES: { schema: decimal(0.01, 100), default: '1', unit: 'x', description: 'From then on all prices, times this.' },
  SIMULATOR_TURN_PART: {
    schema: optionalText(),
    default: '',
    description: 'From then on some axies come with this part (tail-maki), and are dearer by it; empty: none do.',
  },
  SIMULATOR_HISTORY_DAYS: {
    schema: decimal(0, 60),
    default: '12',
    unit: 'days',
    description: 'How far a generated market goes back before its start.',
  },
  SIMULATOR_REMEMBERED_SALES: {
    schema: integer(100, 10_000_000),
    default: '100000',
    description: 'How many settled sales the market remembers: bounds memory.',
  },
  SIMULATOR_LEADERBOARD_FILE: {
    schema: optionalText(),
    default: '',
    description: 'Recorded leaderboard (CSV: id, class, six parts, three rows to a player); empty: made up from the dearest sales.',
  },
  SIMULATOR_RATE_LIMIT_PER_SECOND: {
    schema: decimal(0, 1_000_000),
    default: '0',
    unit: '1/s',
    description: 'Requests a second before 429 is answered; 0: no limit.',
  },
  SIMULATOR_REQUESTS_PER_MINUTE: {
    schema: integer(0, 1_000_000),
    default: '0',
    description: 'What the key may ask in a minute; 0: no quota.',
  },
  SIMULATOR_REQUESTS_PER_DAY: {
    schema: integer(0, 100_000_000),
    default: '0',
    description: 'What the key may ask in a day; 0: no quota.',
  },
  SIMULATOR_FAULTS: {
    schema: faults(),
    default: '{}',
    description: 'What goes wrong, as JSON; see below. POST /faults changes it.',
  },
  LOG_LEVEL: {
    schema: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    description: 'Least severe level that is logged.',
  },
})
