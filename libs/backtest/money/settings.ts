import { marketFeeRatio } from '#lib/market/fee.ts'

/** Every number that a simulated purchase depends on: its flag, its default and what it means, in one table. */
type Knob = Readonly<{
  flag: string
  /** What stands for the value in the help. */
  value: string
  usual: number
  limits: Readonly<{ least?: number; above?: number; most?: number; whole?: boolean }>
  meaning: string
}>

export const knobs = {
  delaySeconds: { flag: 'delay', value: 'SECONDS', usual: 60, limits: { least: 0 }, meaning: 'from the listing until a person has bought' },
  halfLifeMinutes: {
    flag: 'half-life',
    value: 'MINUTES',
    usual: 30,
    limits: { above: 0 },
    meaning: 'a fairly priced listing is taken by someone else within so long, in half of all cases',
  },
  competition: {
    flag: 'competition',
    value: 'POWER',
    usual: 4,
    limits: { least: 0 },
    meaning: 'the half-life of a bargain is multiplied by (1 - discount)^POWER; discount: of the ask below our first price',
  },
  feeRatio: { flag: 'fee', value: 'SHARE', usual: marketFeeRatio, limits: { least: 0, most: 0.5 }, meaning: "the market's, when selling" },
  gasUsd: { flag: 'gas', value: 'USD', usual: 0.02, limits: { least: 0 }, meaning: 'for each of two transactions' },
  offerSales: {
    flag: 'offer-sales',
    value: 'N',
    usual: 5,
    limits: { least: 1, most: 100, whole: true },
    meaning: 'our first price is taken from the last so many sales alike that are known when we buy',
  },
  undercutRatio: {
    flag: 'undercut',
    value: 'SHARE',
    usual: 0.02,
    limits: { least: 0, most: 0.9 },
    meaning: 'our first price is so far below their median (below the forecast where none is known)',
  },
  cutPerDay: {
    flag: 'cut',
    value: 'SHARE',
    usual: 0.05,
    limits: { least: 0, most: 0.9 },
    meaning: 'our price is cut by this after each day',
  },
  horizonHours: {
    flag: 'exit-hours',
    value: 'HOURS',
    usual: 24,
    limits: { above: 0 },
    meaning: 'a purchase has so long to be sold, whatever way',
  },
  sellChance: {
    flag: 'sell-chance',
    value: 'SHARE',
    usual: 0.5,
    limits: { least: 0, most: 1 },
    meaning: 'the chance that the buyer of one alike, at our price or more, buys ours instead',
  },
  liquidationRatio: {
    flag: 'liquidation',
    value: 'SHARE',
    usual: 0.5,
    limits: { least: 0, most: 1 },
    meaning: 'what is unsold is worth this share of what its like then sold for',
  },
  leastObserved: {
    flag: 'observed',
    value: 'SHARE',
    usual: 0.8,
    limits: { least: 0, most: 1 },
    meaning: 'of its hours must hold sales, or what is unsold is censored; of the hours after a day, or the day counts in no interval',
  },
  capitalUsd: {
    flag: 'capital',
    value: 'USD',
    usual: 1_000,
    limits: { above: 0 },
    meaning: 'to begin with: each morning, and in the one account',
  },
  perTradeUsd: { flag: 'per-trade', value: 'USD', usual: 200, limits: { above: 0 }, meaning: 'the dearest single purchase' },
  maximumPositions: { flag: 'positions', value: 'N', usual: 100, limits: { least: 1, whole: true }, meaning: 'held at once, at most' },
  draws: {
    flag: 'draws',
    value: 'N',
    usual: 100,
    limits: { least: 20, most: 10_000, whole: true },
    meaning: 'of luck (races, buyers, random picks): dollars are their mean',
  },
} as const satisfies Record<string, Knob>

export type KnobName = keyof typeof knobs
export type ExecutionSettings = Readonly<Record<KnobName, number>>

export const knobNames = Object.keys(knobs) as KnobName[]
export const knobOf = (name: KnobName): Knob => knobs[name]

export const defaultExecution = Object.fromEntries(knobNames.map((name) => [name, knobs[name].usual])) as ExecutionSettings
