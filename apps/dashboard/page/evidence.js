import { wornWords } from './attributes.js'
import { h } from './dom.js'
import { axieTitle, count, dateTime, partName, percent, signedPercent, span, tame, titleCase, usd } from './format.js'

/** The stat that a player buys this class for. */
const importantStat = {
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

const fact = (name, ...value) => h('span', { class: 'fact' }, h('span', { class: 'label' }, `${name} `), ...value)
const line = (label, ...children) => [h('dt', {}, label), h('dd', {}, ...children)]

/** What is known of an axie and of its likes, as a list of lines: for alert cards and for prices. */
export function evidenceList(item, evidence, why) {
  return h(
    'dl',
    { class: 'evidence' },
    ...drivers(why),
    ...offers(evidence),
    ...bids(evidence),
    ...sales(item, evidence),
    ...market(item, evidence),
    ...anatomy(item),
  )
}

/** A smaller effect on the price is not worth a word. */
const leastEffect = 0.01

function drivers(why) {
  if (why === null) return []
  const reasons = why.reasons.filter(({ effect }) => Math.abs(effect) >= leastEffect)
  return line(
    'Drivers',
    fact('any axie now', h('b', {}, usd(why.baseUsd))),
    ...reasons.map(({ reason, effect }) => fact(tame(reason, 60), h('b', { class: effect > 0 ? 'up' : null }, signedPercent(effect)))),
  )
}

function offers({ similarAsks, similarAskCount, asOf }) {
  if (similarAsks.length === 0) return line('Offers', h('span', { class: 'label' }, 'no similar one is on offer, as far as known'))
  const asks = similarAsks.map(({ usd: price, seenAt, identical }) =>
    h(
      'span',
      { class: 'fact' },
      h('b', {}, usd(price)),
      h('span', { class: 'label' }, `${identical ? ' identical,' : ''} seen ${span(asOf - seenAt)} ago`),
    ),
  )
  const more = similarAskCount > similarAsks.length ? fact('of', count(similarAskCount)) : null
  return line('Offers', ...asks, more)
}

function bids({ bids: known }) {
  if (known == null || (known.count === null && known.usd === null)) return []
  const { count: open, usd: best, token, amount } = known
  return line(
    'Bids',
    best === null
      ? null
      : fact(
          'best',
          h('b', {}, usd(best)),
          h('span', { class: 'label' }, ` ${amount.toLocaleString('en', { maximumFractionDigits: 4 })} ${tame(token, 10)}`),
        ),
    open === null ? null : open === 0 ? h('span', { class: 'label' }, 'none') : fact('in all', count(open)),
  )
}

/** How it was when it was sold last, where it has grown since. */
function grownSince({ level, evolvedParts }, { attributes }) {
  const now = Math.max(attributes?.level ?? 1, attributes?.onchainLevel ?? 1)
  const then = [
    level != null && level < now ? `at level ${level}` : null,
    evolvedParts != null && evolvedParts < (attributes?.evolvedParts ?? 0) ? `${evolvedParts === 0 ? 'none' : evolvedParts} evolved` : null,
  ].filter((word) => word !== null)
  return then.length === 0 ? [] : [`then ${then.join(', ')}`]
}

function sales(item, { similarSales, ownLastSale }) {
  const sold = similarSales.map(({ usd: price, soldAt, identical }) =>
    h(
      'span',
      { class: 'fact' },
      h('b', {}, usd(price)),
      h('span', { class: 'label' }, ` ${dateTime(soldAt)}${identical ? ' identical' : ''}`),
    ),
  )
  const own =
    ownLastSale === null
      ? null
      : fact(
          'this axie itself',
          h('b', {}, usd(ownLastSale.usd)),
          h('span', { class: 'label' }, ` ${[dateTime(ownLastSale.soldAt), ...grownSince(ownLastSale, item)].join(', ')}`),
        )
  return line('Sold', ...(sold.length === 0 ? [h('span', { class: 'label' }, 'no similar one was sold lately')] : sold), own)
}

function floor(collection) {
  if (collection == null) return null
  const name = tame(axieTitle(collection.name), 20)
  if (collection.floorUsd === null) return h('span', { class: 'label' }, `no other ${name} on offer, as far as known`)
  return fact(`${name} floor`, h('b', {}, usd(collection.floorUsd)), h('span', { class: 'label' }, ` of ${count(collection.asks)} known`))
}

function market(item, { marketLevelUsd, classLevelUsd, trend, salesPerHour, sellerListings, collection }) {
  return line(
    'Market',
    marketLevelUsd === null ? null : fact('all axies', usd(marketLevelUsd)),
    classLevelUsd === null ? null : fact(tame(item.class, 20), usd(classLevelUsd)),
    floor(collection),
    trend === null ? null : fact('6 h against 7 d', signedPercent(trend)),
    fact('sales an hour', count(salesPerHour)),
    sellerListings > 0 ? fact('other listings by this seller in an hour', count(sellerListings)) : null,
  )
}

function anatomy(item) {
  const important = importantStat[item.class]
  const stats = Object.entries(item.stats).map(([name, value]) => fact(name, name === important ? h('b', {}, value) : String(value)))
  const order = ['back', 'mouth', 'horn', 'tail', 'eyes', 'ears']
  return [
    ...line(
      'Axie',
      ...stats,
      fact('purity', `${item.purity}%`),
      item.geneQuality === null ? null : fact('genes', percent(item.geneQuality)),
      fact('attack', item.cards.attack),
      fact('defence', item.cards.defence),
      ...wornWords(item).map((word) => fact('wears', word)),
      item.specialParts > 0 ? fact('special parts', item.specialParts) : null,
    ),
    ...line('Parts', ...order.map((type) => fact(type, tame(titleCase(partName(item.parts[type])), 36)))),
  ]
}
