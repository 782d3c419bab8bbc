import { createHash } from 'node:crypto'
import { GraphQLError } from 'graphql'
import { classOf } from '#lib/axie/classes.ts'
import { encodeGenes } from '#lib/axie/genes.ts'
import { type Part, partOf, parts, partTypes } from '#lib/axie/parts.ts'
import { statsOf } from '#lib/axie/stats.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { createRandom, hash32, type Random } from '#lib/synthetic/random.ts'
import type { SixParts } from '#schemas/types.ts'
import type { OfferFault } from './faults.ts'
import { ethUsd, priceWeiAt, type SettledSale, type SimulatedAxie } from './happenings.ts'
import type { OpenOffer } from './offer-book.ts'
import { hexOf } from './owners.ts'
import type { Slice } from './page.ts'
import { partsOfEdition } from './special-parts.ts'

const toSeconds = (millis: number): number => Math.floor(millis / 1_000)
const brokenPrices = ['0', '-5000000000000000', `1${'0'.repeat(40)}`, 'not a number']

const strangeBacks: Readonly<Partial<Record<OfferFault, string>>> = { unknownPart: 'back-unicorn', nightmarePart: 'back-tendrils-2' }

/** What the marketplace says of an axie: the GraphQL type Axie. Functions are called only where the query asks for the field. */
export function axieAnswer(axie: SimulatedAxie, open: OpenOffer | null, sales: readonly SettledSale[], now: number) {
  const fault = open?.fault ?? null
  const isEgg = fault === 'egg'
  const partIds = isEgg
    ? []
    : partTypes.map((type) => (type === 'back' && fault !== null ? (strangeBacks[fault] ?? axie.parts.back) : axie.parts[type]))
  return {
    id: axie.tokenId,
    name: `Axie #${axie.tokenId}`,
    class: isEgg ? null : fault === 'unknownClass' ? 'Griffin' : axie.class,
    stage: isEgg ? 1 : axie.attributes === undefined ? null : 4,
    breedCount: isEgg ? 0 : axie.breedCount,
    genes: () => (isEgg ? null : cachedGenes(axie)),
    newGenes: () => (isEgg ? null : fault === 'longGenes' ? hexOf(`genes ${axie.tokenId}`, 128) : cachedGenes(axie)),
    parts: () => partIds.map(cachedPartAnswer),
    title: axie.attributes?.title ?? null,
    bodyShape: axie.attributes === undefined ? null : 'Normal',
    axpInfo: axie.attributes === undefined ? null : { level: axie.attributes.level, onchainLevel: axie.attributes.onchainLevel },
    battleInfo: axie.attributes === undefined ? null : { banned: false },
    numMystic: axie.attributes === undefined ? null : partsOfEdition(partIds, 'mystic'),
    numJapan: axie.attributes === undefined ? null : partsOfEdition(partIds, 'japan'),
    numXmas: axie.attributes === undefined ? null : partsOfEdition(partIds, 'xmas'),
    numSummer: axie.attributes === undefined ? null : partsOfEdition(partIds, 'summer'),
    highestOffer: () => (open === null ? null : bidAnswer(open, now)),
    numActiveOffers: open === null ? 0 : bidsFor(axie),
    equipmentInstances: axie.attributes === undefined ? null : accessoriesOf(axie),
    stats: () => (isEgg ? null : statsAnswer(axie)),
    image: `https://axiecdn.axieinfinity.com/axies/${axie.tokenId}/axie/axie-full-transparent.png`,
    order: () => (open === null ? null : orderAnswer(open, now)),
    auction: () => (open === null ? null : auctionAnswer(open, now)),
    transferHistory: ({ from, size }: Slice) => ({ total: sales.length, results: sales.slice(from, from + size).map(transferAnswer) }),
  }
}

type PaymentToken = Readonly<{ address: string; decimals: number; usd: number }>
const weth: PaymentToken = { address: '0xc99a6a985ed2cac1ef41640596c5a5f9f4e19ef5', decimals: 18, usd: ethUsd }
const tokensOfFaults: Readonly<Partial<Record<OfferFault, PaymentToken>>> = {
  inUsdc: { address: '0x0b7007c13325c48911f73a2dad5fa5dcbf808adc', decimals: 6, usd: 1 },
  inUnknownToken: { address: '0x00000000000000000000000000000000000000aa', decimals: 9, usd: 1 },
}

/** What an amount of wei is worth, in the smallest unit of a token. */
function inToken(wei: string, token: PaymentToken): string {
  if (token === weth) return wei
  return String(Math.round((Number(wei) / 1e18) * (ethUsd / token.usd) * 10 ** token.decimals))
}

/** Made up: every third axie has one to four bids. */
const bidsFor = ({ tokenId }: SimulatedAxie): number => (hash32(`bid ${tokenId}`) % 3 > 0 ? 0 : 1 + (hash32(`bids ${tokenId}`) % 4))

/** Made up: every fifth axie wears a hat. */
const accessoriesOf = ({ tokenId }: SimulatedAxie) =>
  hash32(`hat ${tokenId}`) % 5 > 0 ? [] : [{ equipmentId: 'head-straw-hat', slot: 'head', name: 'Straw Hat', rarity: 'Rare' }]

/** The best of them: 60% of the ask. */
function bidAnswer(open: OpenOffer, now: number) {
  if (bidsFor(open.offer.axie) === 0) return null
  const wei = (priceWeiAt(open.offer, now) * 6n) / 10n
  return {
    ...orderAnswer({ ...open, fault: null }, now),
    kind: 'Offer',
    basePrice: wei.toString(),
    currentPrice: wei.toString(),
    currentPriceUsd: usdOf(wei),
  }
}

function orderAnswer(open: OpenOffer, now: number) {
  const { offer, fault } = open
  if (fault === 'fieldError') throw new GraphQLError('order service: deadline exceeded')
  const wei = priceWeiAt(offer, now)
  const startedAt = toSeconds(offer.startedAt + (fault === 'futureStart' ? dayMillis : 0))
  const isDutch = offer.durationSeconds > 0
  const token = fault === null ? weth : (tokensOfFaults[fault] ?? weth)
  const broken = fault === 'brokenPrice' ? brokenPrices[hash32(offer.axie.tokenId) % brokenPrices.length]! : null
  return {
    id: hash32(`order ${offer.axie.tokenId} ${offer.startedAt}`) >>> 1,
    maker: offer.seller,
    kind: fault === 'bid' ? 'Offer' : 'Sell',
    status: fault === 'voidOrder' ? 'VOID' : 'OPEN',
    // Half a year, as sellers sign it; the list also shows what has ended.
    expiredAt: fault === 'expiredOrder' ? startedAt : startedAt + 180 * 86_400,
    nonce: offer.nonce ?? 0,
    paymentToken: token.address,
    startedAt,
    basePrice: broken ?? inToken(offer.basePriceWei, token),
    // A fixed price has no end, and says so with zeros.
    endedAt: isDutch ? startedAt + offer.durationSeconds : 0,
    endedPrice: isDutch ? inToken(offer.endedPriceWei, token) : '0',
    duration: offer.durationSeconds,
    timeLeft: isDutch ? Math.max(0, startedAt + offer.durationSeconds - toSeconds(now)) : 0,
    currentPrice: broken ?? inToken(wei.toString(), token),
    suggestedPrice: broken ?? inToken(wei.toString(), token),
    currentPriceUsd: broken ?? usdOf(wei),
  }
}

/** The older form of the same, still served. */
function auctionAnswer(open: OpenOffer, now: number) {
  const order = orderAnswer(open, now)
  return {
    startingPrice: order.basePrice,
    endingPrice: order.duration > 0 ? order.endedPrice : order.basePrice,
    startingTimestamp: String(order.startedAt),
    endingTimestamp: String(order.endedAt),
    duration: String(order.duration),
    timeLeft: String(order.timeLeft),
    currentPrice: order.currentPrice,
    currentPriceUSD: order.currentPriceUsd,
    suggestedPrice: order.suggestedPrice,
    seller: order.maker,
    listingIndex: 0,
    state: 'open',
  }
}

const transferAnswer = (sale: SettledSale) => ({
  from: sale.seller,
  to: sale.buyer,
  timestamp: toSeconds(sale.soldAt),
  txHash: sale.txHash,
  withPrice: sale.priceWei,
  withPriceUsd: String(sale.priceUsd),
})

/** Dollars, with two decimals only where they are not whole. */
function usdOf(wei: bigint): string {
  const usd = (Number(wei) / 1e18) * ethUsd
  return Math.abs(usd - Math.round(usd)) < 1e-4 ? String(Math.round(usd)) : usd.toFixed(2)
}

const partAnswers = new Map<string, ReturnType<typeof partAnswer>>()

/** There are some hundred parts, and six of them in every axie of every page. */
function cachedPartAnswer(id: string): ReturnType<typeof partAnswer> {
  const known = partAnswers.get(id) ?? partAnswer(id)
  partAnswers.set(id, known)
  return known
}

function partAnswer(id: string) {
  const part = partOf(id)
  const [type = '', ...words] = id.split('-')
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(' ')
  return {
    id,
    name,
    class: part === null ? 'Griffin' : capitalised(part.class),
    type: capitalised(type),
    specialGenes: part?.special ?? '',
    stage: part?.stage ?? 1,
  }
}

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

function statsAnswer(axie: SimulatedAxie) {
  const name = classOf(axie.class)
  const own = partTypes.map((type) => partOf(axie.parts[type]))
  return name === null || own.includes(null) ? null : statsOf(name, own as Part[])
}

const plainParts = new Map(partTypes.map((type) => [type, parts.filter((part) => part.type === type && part.special === null)]))

const genes = new WeakMap<SimulatedAxie, string>()

/** An axie is shown on a few pages one after the other: as new, as one of the cheapest, as sold. */
function cachedGenes(axie: SimulatedAxie): string {
  const known = genes.get(axie) ?? genesOf(axie)
  genes.set(axie, known)
  return known
}

/**
 * Genes are not in the sales files, so they are made up, always the same for the same axie: the dominant ones are its parts; a recessive
 * one is that same part two times in three, else any of the type. Parts that 256 bits cannot say get 512, as later editions do.
 */
function genesOf(axie: SimulatedAxie): string {
  const name = classOf(axie.class)
  const random = createRandom('genes', axie.tokenId)
  const recessive = () => drawRecessive(axie.parts, random)
  const genes =
    name === null
      ? null
      : encodeGenes({ class: name, dominant: beforeEvolution(axie.parts), recessive1: recessive(), recessive2: recessive() })
  return genes ?? `0x${createHash('sha512').update(axie.tokenId).digest('hex')}`
}

/** Evolution is not in the genes. */
const beforeEvolution = (parts: SixParts): SixParts =>
  Object.fromEntries(Object.entries(parts).map(([type, id]) => [type, id.replace(/-2$/, '')])) as SixParts

function drawRecessive(dominant: SixParts, random: Random): SixParts {
  const drawn = partTypes.map((type) => {
    const part = partOf(dominant[type])
    const choices = plainParts.get(type)!
    const isOwn = part !== null && part.special === null && random.chance(2 / 3)
    return [type, isOwn ? part.id : choices[random.below(choices.length)]!.id]
  })
  return Object.fromEntries(drawn) as SixParts
}
