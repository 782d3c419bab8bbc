/**
 * What sales must be like before a model may learn from them: every expectation, its threshold and its weight, in one place.
 * `mostly` is the share of rows that must hold. Rows that do not, where few enough, are left out by cleansing and counted.
 * error = the data is refused; warning = it is told, and used.
 */

import { maxBreedCount } from '#lib/axie/anatomy.ts'
import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import { futureToleranceMillis } from '#lib/market/horizons.ts'
import {
  differ,
  driftWithin,
  inOrder,
  knownClass,
  knownPart,
  momentIn,
  newestWithin,
  noGapAbove,
  notInTheFuture,
  notNull,
  noValueAboveShare,
  numberIn,
  partsSeenWithClass,
  purityOfClassAndParts,
  rowCount,
  severalValues,
  unique,
  wholeNumber,
} from './checks.ts'
import type { Expectation, Suite } from './expectation.ts'

const columns: readonly Expectation[] = [
  { name: 'time_is_there', severity: 'error', check: notNull('time') },
  { name: 'id_is_there', severity: 'error', check: notNull('id') },
  { name: 'class_is_there', severity: 'error', check: notNull('class') },
  { name: 'breed_count_is_there', severity: 'error', check: notNull('breedCount') },
  { name: 'price_is_there', severity: 'error', mostly: 0.99, check: notNull('priceUsd') },

  { name: 'time_is_a_time', severity: 'error', check: momentIn('time', { from: Date.UTC(2018, 2), to: Date.UTC(2100, 0) }) },
  { name: 'id_is_a_number', severity: 'error', check: wholeNumber('id', { from: 1, to: 999_999_999 }) },
  { name: 'breed_count_in_range', severity: 'error', mostly: 0.99, check: wholeNumber('breedCount', { from: 0, to: maxBreedCount }) },
  { name: 'price_in_range', severity: 'error', mostly: 0.99, check: numberIn('priceUsd', { from: 0.01, to: 1_000_000 }) },
  { name: 'price_is_usual', severity: 'warning', mostly: 0.99, check: numberIn('priceUsd', { from: 0.5, to: 5_000 }) },
  { name: 'purity_in_range', severity: 'warning', mostly: 0.99, check: wholeNumber('purity', { from: 0, to: 100 }) },

  { name: 'class_is_known', severity: 'error', mostly: 0.99, check: knownClass },
  { name: 'eyes_are_known', severity: 'error', mostly: 0.99, check: knownPart('eyes') },
  { name: 'ears_are_known', severity: 'error', mostly: 0.99, check: knownPart('ears') },
  { name: 'mouth_is_known', severity: 'error', mostly: 0.99, check: knownPart('mouth') },
  { name: 'horn_is_known', severity: 'error', mostly: 0.99, check: knownPart('horn') },
  { name: 'back_is_known', severity: 'error', mostly: 0.99, check: knownPart('back') },
  { name: 'tail_is_known', severity: 'error', mostly: 0.99, check: knownPart('tail') },
  { name: 'purity_agrees_with_parts', severity: 'error', mostly: 0.99, check: purityOfClassAndParts },
  { name: 'parts_seen_with_class', severity: 'warning', mostly: 0.98, check: partsSeenWithClass },

  { name: 'seller_is_not_buyer', severity: 'error', mostly: 0.95, check: differ('seller', 'buyer') },
]

const together: readonly Expectation[] = [
  { name: 'enough_rows', severity: 'error', check: rowCount({ atLeast: 300 }) },
  { name: 'sales_are_unique', severity: 'error', mostly: 0.99, check: unique('id', 'time', 'priceUsd') },
  // Times by the day: an axie that was sold twice in one counts once, as nobody knows which sale came first.
  { name: 'one_sale_at_a_time', severity: 'warning', mostly: 0.99, check: unique('id', 'time') },
  // A market of one class is a market.
  { name: 'several_classes', severity: 'warning', check: severalValues('class', 2) },
  { name: 'prices_vary', severity: 'error', check: severalValues('priceUsd', 10) },
  { name: 'no_price_dominates', severity: 'error', check: noValueAboveShare('priceUsd', 0.5) },
  { name: 'no_axie_dominates', severity: 'error', check: noValueAboveShare('id', 0.2) },
  { name: 'no_long_gap', severity: 'warning', check: noGapAbove(2 * dayMillis) },
  { name: 'not_in_the_future', severity: 'error', check: notInTheFuture(futureToleranceMillis) },
]

/** Prices may fall by half within a week: a warning. A class or a part count that jumps is rather a broken source. */
const drift: readonly Expectation[] = [
  { name: 'class_drift', severity: 'warning', check: driftWithin('class', 0.25) },
  { name: 'class_drift_extreme', severity: 'error', check: driftWithin('class', 2) },
  { name: 'breed_count_drift', severity: 'warning', check: driftWithin('breedCount', 0.25) },
  { name: 'purity_drift', severity: 'warning', check: driftWithin('purity', 0.25) },
  { name: 'eyes_drift', severity: 'warning', check: driftWithin('eyes', 0.25) },
  { name: 'ears_drift', severity: 'warning', check: driftWithin('ears', 0.25) },
  { name: 'mouth_drift', severity: 'warning', check: driftWithin('mouth', 0.25) },
  { name: 'horn_drift', severity: 'warning', check: driftWithin('horn', 0.25) },
  { name: 'back_drift', severity: 'warning', check: driftWithin('back', 0.25) },
  { name: 'tail_drift', severity: 'warning', check: driftWithin('tail', 0.25) },
  { name: 'price_drift', severity: 'warning', check: driftWithin('priceUsd', 0.25) },
  { name: 'price_drift_extreme', severity: 'error', check: driftWithin('priceUsd', 5) },
]

/** A file is sorted: the features of a sale are made of the sales before it. */
export const salesFileSuite: Suite = {
  name: 'sales file',
  expectations: [...columns, ...together, { name: 'time_in_order', severity: 'error', check: inOrder('time') }, ...drift],
}

/** A live market's bad record is a dead letter, the market goes on, and the archive keeps it for ever: a few refuse nothing. */
const lettingFewPass = (expectation: Expectation): Expectation =>
  expectation.check.on === 'row' ? { mostly: 0.99, ...expectation } : expectation

/** In an archive sales stand in the order in which they were known: late ones are normal, many are not. */
export const archiveSuite: Suite = {
  name: 'archive',
  expectations: [
    ...[...columns, ...together].map(lettingFewPass),
    { name: 'time_in_order', severity: 'warning', mostly: 0.95, check: inOrder('time') },
    ...drift,
  ],
}

/** For data that is to be of today. */
export const freshness = (withinHours: number): Expectation => ({
  name: 'newest_is_fresh',
  severity: 'error',
  check: newestWithin(withinHours * hourMillis),
})

/** An hour of the live market: see libs/stages/validator.ts. A market of an hour is small, so only what no honest hour looks like. */
export const hourSuite: Suite = {
  name: 'hour of the market',
  expectations: [
    { name: 'hour_prices_vary', severity: 'error', check: severalValues('priceUsd', 2) },
    { name: 'hour_no_price_dominates', severity: 'error', check: noValueAboveShare('priceUsd', 0.8) },
    { name: 'hour_several_classes', severity: 'error', check: severalValues('class', 2) },
    { name: 'hour_no_axie_dominates', severity: 'error', check: noValueAboveShare('id', 0.5) },
    { name: 'hour_seller_is_not_buyer', severity: 'error', mostly: 0.9, check: differ('seller', 'buyer') },
  ],
}
