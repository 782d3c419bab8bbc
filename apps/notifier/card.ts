import { apartWords, bidWords, floorWords, grownSince, wornWords } from '#lib/words/beside-words.ts'
import { date, dateTime, eth, partName, percent, signedPercent, signedUsd, span, titleCase, usd } from '#lib/words/format.ts'
import { priceBar } from '#lib/words/price-bar.ts'
import { flow, justify, printable, type Run, render, run, type Style, shorten, words } from '#lib/words/terminal-text.ts'
import type {
  Alert,
  Demand,
  EnrichedListing,
  PricedAsk,
  PriceQuantiles,
  ScoredListing,
  SimilarAsk,
  SimilarSale,
  Stats,
} from '#schemas/types.ts'

export type CardOptions = Readonly<{
  /** Columns of the terminal. The card takes at most 100. */
  columns: number
  color: boolean
  /** Milliseconds from the collector holding the market's answer to now; null where nobody measured it. */
  latencyMillis: number | null
}>

const maxColumns = 100
const fewestColumns = 60
const labelWidth = 10
export const maxPartLength = 36

export const marketplaceLink = (tokenId: string): string => `https://app.axieinfinity.com/marketplace/axies/${encodeURIComponent(tokenId)}/`

/** What to buy, for how much, and every reason to believe it: one card of at most 100 columns, ending with a line break. */
export function formatCard(alert: Alert, { columns, color, latencyMillis }: CardOptions): string {
  const width = Math.max(fewestColumns, Math.min(maxColumns, columns))
  const lines: Run[][] = [
    title(alert.scored.listing, width),
    ...prices(alert, width),
    ...labelled('axie', axie(alert.scored.listing), width),
    ...labelled('parts', parts(alert.scored.listing), width),
    ...labelled('offers', offers(alert.scored.listing), width),
    ...labelled('bids', bids(alert.scored.listing), width),
    ...labelled('sold', sold(alert.scored.listing), width),
    ...labelled('market', market(alert.scored.listing), width),
    ...labelledWords('why', printable(alert.reason, 400), width),
    ...labelled('drivers', drivers(alert.scored), width),
    ...labelled('model', model(alert), width),
    ...labelled('listed', age(alert.scored.listing, latencyMillis), width),
    [run('  '), run(marketplaceLink(printable(alert.scored.listing.item.tokenId)), 'link')],
  ]
  return `${lines.map((line) => render(shorten(line, width), color)).join('\n')}\n\n`
}

export const isSimulated = ({ source }: EnrichedListing): boolean => source !== 'live'

function title(listing: EnrichedListing, width: number): Run[] {
  const { item } = listing
  const name = [
    run('━━ ', 'dim'),
    run(`Axie #${printable(item.tokenId)}`, 'bold'),
    run(` · ${titleCase(printable(item.class))} · ${item.breedCount} ${item.breedCount === 1 ? 'breed' : 'breeds'} `),
  ]
  const stamp = isSimulated(listing) ? [run(' '), run(` SIMULATED · ${listing.source} `, 'warn'), run(' ━━', 'dim')] : [run('━━', 'dim')]
  return justify(name, stamp, width, '━')
}

function prices({ scored, netGainUsd, netGainLowUsd }: Alert, width: number): Run[][] {
  const { quantilesUsd: quantiles, exit, demand, listing } = scored
  const { ask } = listing
  const kind = ask.kind === 'dutch' ? [run('  Dutch auction', 'dim')] : []
  const bar = priceBar(quantiles, ask.usd, width - labelWidth - 4)
  return [
    line(
      'asks',
      [run(usd(ask.usd), 'bold'), run(`  ${askedIn(ask)}`), ...kind],
      [run('net gain '), run(signedUsd(netGainUsd), 'goodBold'), run(` (${signedPercent(netGainUsd / ask.usd)})`, 'good')],
      width,
    ),
    line(
      'worth',
      [run(usd(quantiles.q50), 'bold'), run(`  likely ${usd(quantiles.q25)} to ${usd(quantiles.q75)}`)],
      [run('at the low end ', 'dim'), run(signedUsd(netGainLowUsd), 'good')],
      width,
    ),
    ...(exit === null
      ? []
      : [line('sells', [run(usd(exit.q50), 'bold'), run(`  likely ${usd(exit.q25)} to ${usd(exit.q75)}`)], demandOf(demand), width)]),
    ...(bar === null ? [] : [line('', bar, [], width), line('', [run(legend(quantiles), 'dim')], [], width)]),
  ]
}

/** In the token that it is paid in. */
export const askedIn = ({ eth: ether, token, amount }: PricedAsk): string =>
  token && amount ? `${amount.toLocaleString('en', { maximumFractionDigits: 4 })} ${printable(token, 10)}` : eth(ether)

/** Demand for its like, at the forecast's median. */
const demandOf = (demand: Demand | null): Run[] => (demand === null ? [] : [run('demand in 24 h ', 'dim'), run(percent(demand.h24))])

const legend = ({ q05, q95 }: PriceQuantiles): string => `▼ ask  ◆ median  ━ likely  ─ 9 of 10: ${usd(q05)} to ${usd(q95)}`

/** The stat that a player buys this class for. */
export const importantStat: Readonly<Record<string, keyof Stats>> = {
  aquatic: 'speed',
  bird: 'speed',
  dawn: 'speed',
  beast: 'morale',
  bug: 'morale',
  mech: 'skill',
  plant: 'hp',
  reptile: 'hp',
  dusk: 'hp',
}

function axie({ item, context }: EnrichedListing): Run[][] {
  const important = importantStat[item.class]
  const stat = (name: keyof Stats): Run[] => [run(`${name} `, 'dim'), run(String(item.stats[name]), name === important ? 'mark' : 'plain')]
  const fact = (name: string, value: string): Run[] => [run(`${name} `, 'dim'), run(value)]
  return [
    ...apartWords(item).map((word) => [run(word, 'mark')]),
    stat('hp'),
    stat('speed'),
    stat('skill'),
    stat('morale'),
    fact('purity', `${item.purity}%`),
    ...(item.geneQuality === null ? [] : [fact('genes', percent(item.geneQuality))]),
    fact('attack', String(item.cards.attack)),
    fact('defence', String(item.cards.defence)),
    ...wornWords(item).map((name) => fact('wears', name)),
    ...(item.specialParts > 0 ? [fact('special parts', String(item.specialParts))] : []),
    ...(context.comboScore > 0 ? [fact('combo', context.comboScore.toFixed(2))] : []),
  ]
}

function parts({ item }: EnrichedListing): Run[][] {
  const order = ['back', 'mouth', 'horn', 'tail', 'eyes', 'ears'] as const
  return order.map((type) => [run(`${type} `, 'dim'), run(printable(partName(item.parts[type]), maxPartLength))])
}

function offers({ context, observedAt }: EnrichedListing): Run[][] {
  const [cheapest, ...others] = context.similarAsks
  if (cheapest === undefined) return [[run('no similar one is on offer, as far as known', 'dim')]]
  const ask = ({ usd: price, seenAt, identical }: SimilarAsk, style: Style): Run[] => [
    run(usd(price), style),
    run(`${identical ? ' identical' : ''} seen ${span(observedAt - seenAt)} ago`, 'dim'),
  ]
  const count = context.similarAskCount > context.similarAsks.length ? [[run(`${context.similarAskCount} similar on offer`, 'dim')]] : []
  return [ask(cheapest, 'bold'), ...others.map((other) => ask(other, 'plain')), ...count]
}

const bids = ({ bids: known }: EnrichedListing): Run[][] => bidWords(known).map((words) => [run(words)])

function sold({ context, ask, item }: EnrichedListing): Run[][] {
  const sale = ({ usd: price, soldAt, identical }: SimilarSale): Run[] => [
    run(usd(price), price > ask.usd ? 'plain' : 'dim'),
    run(` ${dateTime(soldAt)}${identical ? ' identical' : ''}`, 'dim'),
  ]
  const own = context.ownLastSale
  return [
    ...(context.similarSales.length === 0 ? [[run('no similar one was sold lately', 'dim')]] : context.similarSales.map(sale)),
    ...(own === null ? [] : [[run('this axie itself ', 'dim'), run(usd(own.usd)), run(` ${dateTime(own.soldAt)}`, 'dim')]]),
    ...(own === null ? [] : grownSince(own, item).map((words) => [run(words, 'dim')])),
  ]
}

function market({ context, item }: EnrichedListing): Run[][] {
  const level = (name: string, logUsd: number | null): Run[][] =>
    logUsd === null ? [] : [[run(`${name} `, 'dim'), run(usd(Math.exp(logUsd)))]]
  const trend = context.trend === null ? [] : [[run('6 h against 7 d ', 'dim'), run(signedPercent(Math.expm1(context.trend)))]]
  const market = context.market.hours24 ?? context.market.days7
  return [
    ...level('all axies', market),
    ...level(printable(item.class), context.class.hours24 ?? context.class.days7),
    ...floorWords(context.collection).map((words) => [run(words)]),
    ...trend,
    [run(String(Math.round(context.salesPerHour))), run(' sales an hour', 'dim')],
    ...(context.sellerListings > 0
      ? [[run(String(context.sellerListings)), run(' other listings by this seller in the last hour', 'dim')]]
      : []),
  ]
}

const maxDrivers = 5
/** A smaller effect on the price, up or down, is not worth a word. */
const leastEffect = 0.01

/** What makes the forecast: where any axie's price starts, and what moves this one's most. */
function drivers({ explanation }: ScoredListing): Run[][] {
  if (explanation === null) return []
  const worthSaying = explanation.contributions.filter(({ effect }) => Math.abs(effect) >= leastEffect).slice(0, maxDrivers)
  return [
    [run('any axie now ', 'dim'), run(usd(Math.exp(explanation.base)))],
    ...worthSaying.map(({ reason, effect }) => [run(`${printable(reason, 60)} `, 'dim'), run(signedPercent(Math.expm1(effect)))]),
  ]
}

function model({ scored, rule }: Alert): Run[][] {
  const { modelId, modelTrainedUntil, novelty, backend, unseen } = scored
  return [
    [run(printable(modelId, 40))],
    [run(`on ${printable(backend, 12)}`, 'dim')],
    [run(`learnt until ${date(modelTrainedUntil)}`, 'dim')],
    [run(`novelty ${novelty.toFixed(2)}`, 'dim')],
    ...(unseen?.length
      ? [[run(`knows nothing of ${unseen.map((name) => printable(name.replaceAll('_', ' '), 20)).join(', ')}`, 'warn')]]
      : []),
    [run(`rule ${printable(rule, 40)}`, 'dim')],
  ]
}

function age({ ask, observedAt }: EnrichedListing, latencyMillis: number | null): Run[][] {
  return [
    [run(dateTime(ask.startedAt)), run(' UTC', 'dim')],
    [run('seen ', 'dim'), run(span(observedAt - ask.startedAt)), run(' later', 'dim')],
    ...(latencyMillis === null ? [] : [[run('shown ', 'dim'), run(span(latencyMillis)), run(' after that', 'dim')]]),
  ]
}

/** A label on the left, then left and right text. */
function line(label: string, left: readonly Run[], right: readonly Run[], width: number): Run[] {
  return [run(`  ${label.padEnd(labelWidth - 2)}`, 'dim'), ...justify(left, right, width - labelWidth - 2)]
}

const between = run('   ')

function labelled(label: string, pieces: readonly (readonly Run[])[], width: number): Run[][] {
  return withLabel(label, flow(pieces, between, width - labelWidth - 2))
}

function labelledWords(label: string, text: string, width: number): Run[][] {
  return withLabel(label, flow(words(text), run(' '), width - labelWidth - 2))
}

const withLabel = (label: string, lines: readonly (readonly Run[])[]): Run[][] =>
  lines.map((runs, index) => [run(`  ${(index === 0 ? label : '').padEnd(labelWidth - 2)}`, 'dim'), ...runs])

/** One line for a log, never cut: its end is the link. */
export function formatLine(alert: Alert, { color }: Pick<CardOptions, 'color'>): string {
  const { scored, netGainUsd } = alert
  const { listing, quantilesUsd } = scored
  const runs = [
    run(dateTime(listing.observedAt), 'dim'),
    run(` ${signedUsd(netGainUsd)}`, 'goodBold'),
    run(` Axie #${printable(listing.item.tokenId)} ${printable(listing.item.class)}`),
    run(` asks ${usd(listing.ask.usd)}`),
    run(` worth ${usd(quantilesUsd.q50)} (${usd(quantilesUsd.q25)} to ${usd(quantilesUsd.q75)})`),
    ...(isSimulated(listing) ? [run(' SIMULATED', 'warn')] : []),
    run(` ${marketplaceLink(printable(listing.item.tokenId))}`, 'link'),
  ]
  return `${render(runs, color)}\n`
}

/** One JSON object a line, in ASCII: no character of the market's can reach the terminal. */
export function formatJson(alert: Alert): string {
  const text = JSON.stringify({ ...alert, link: marketplaceLink(alert.scored.listing.item.tokenId) })
  return `${text.replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}
