import { battlePartTypes, type PartType, partTypes } from '#lib/axie/parts.ts'
import type { MeasuredMarket } from './measure-market.ts'
import measured from './measured-market.json' with { type: 'json' }
import { createRandom, createWeightedChoice, quantileAt, type Random } from './random.ts'
import { buildOf, type SoldAxie } from './sold-axie.ts'

export type Unsold = Omit<SoldAxie, 'soldAt' | 'priceUsd'>
/** `worth`: its premium over the floor, before the market's drift and the seller's noise. */
export type DrawnAxie = Readonly<{ axie: Unsold; worth: number }>

export const market = measured as unknown as MeasuredMarket

/** Fitted: what is not a common build is made of rarer parts. With this, 200 builds hold about as large a share of the sales as really. */
const rarity = 0.5

/** Draws axies as they are on the market: half of them a common build, the rest variations of one, a few of anything. */
export function createAxieDraw(seed: number): (random: Random) => DrawnAxie {
  const names = Object.keys(market.classes)
  const buildsOf = (name: string) => market.builds.filter(([className]) => className === name)
  const drawBuild = createWeightedChoice(market.builds.map(([, , , , , share]) => share))
  const commonShare = market.builds.reduce((sum, [, , , , , share]) => sum + share, 0) / 10_000
  const outside = names.map((name) => market.classes[name]!.share - buildsOf(name).reduce((sum, [, , , , , share]) => sum + share, 0))
  const drawOutsideClass = createWeightedChoice(outside.map((share) => Math.max(1, share)))
  const drawBuildOf = new Map(names.map((name) => [name, createWeightedChoice(buildsOf(name).map(([, , , , , share]) => share))]))
  const drawBreeds = new Map(names.map((name) => [name, createWeightedChoice(market.classes[name]!.breeds.map(([share]) => share))]))
  const drawPart = createPartDraw()
  const hiddenWorth = createHiddenWorth(seed)
  const drawTokenId = createTokenIdDraw()

  const drawBattleParts = (random: Random): { name: string; battle: Partial<Record<PartType, string>> } => {
    if (random.chance(commonShare)) return fromBuild(market.builds[drawBuild(random)]!)
    const name = names[drawOutsideClass(random)]!
    const own = buildsOf(name)
    const kind = random.next()
    const exchanged = kind < market.oneExchanged ? 1 : kind < market.oneExchanged + market.twoExchanged ? 2 : battlePartTypes.length
    if (own.length === 0 || exchanged === battlePartTypes.length) return { name, battle: {} }
    const { battle } = fromBuild(own[drawBuildOf.get(name)!(random)]!)
    const first = random.below(battlePartTypes.length)
    for (let step = 0; step < exchanged; step++) delete battle[battlePartTypes[(first + step) % battlePartTypes.length]!]
    return { name, battle }
  }

  return (random) => {
    const { name, battle } = drawBattleParts(random)
    const parts = Object.fromEntries(partTypes.map((type) => [type, battle[type] ?? drawPart(name, type, random)])) as Record<
      PartType,
      string
    >
    const breedCount = drawBreeds.get(name)!(random)
    const axie = { tokenId: drawTokenId(random), class: name, breedCount, parts }
    return { axie, worth: visibleWorthOf(axie) + hiddenWorth(axie) }
  }
}

/** Even ids, as old and young as real ones. None comes twice within 100,000 draws: one axie does not have two bodies in any window of time. */
function createTokenIdDraw(): (random: Random) => string {
  const recent = new Set<number>()
  return (random) => {
    let tokenId = 2 * Math.round(quantileAt(market.tokenIds, random.next()) / 2)
    while (recent.has(tokenId)) tokenId += 2
    recent.add(tokenId)
    if (recent.size > 100_000) recent.delete(recent.values().next().value!)
    return String(tokenId)
  }
}

function fromBuild([name, back, mouth, horn, tail]: MeasuredMarket['builds'][number]) {
  return { name, battle: { back, mouth, horn, tail } as Partial<Record<PartType, string>> }
}

function createPartDraw(): (name: string, type: PartType, random: Random) => string {
  const choices = new Map<string, { ids: string[]; draw: (random: Random) => number }>()
  for (const [name, { parts }] of Object.entries(market.classes))
    for (const type of partTypes)
      choices.set(`${name} ${type}`, {
        ids: parts[type].map(([id]) => id),
        draw: createWeightedChoice(
          parts[type].map(([, share]) => share ** (battlePartTypes.some((battle) => battle === type) ? rarity : 1)),
        ),
      })
  return (name, type, random) => {
    const { ids, draw } = choices.get(`${name} ${type}`)!
    return ids[draw(random)]!
  }
}

/** What the parts, one by one, are worth in that class, with its breed count. */
const partPremia = new Map(
  Object.entries(market.classes).flatMap(([name, { parts }]) =>
    partTypes.flatMap((type) => parts[type].map(([id, , premium]) => [`${name} ${id}`, premium] as const)),
  ),
)
function visibleWorthOf(axie: Unsold): number {
  const { premium, breeds } = market.classes[axie.class]!
  const ofParts = partTypes.reduce((sum, type) => sum + (partPremia.get(`${axie.class} ${axie.parts[type]}`) ?? 0), 0)
  return premium + (breeds[axie.breedCount]?.[1] ?? 0) + ofParts
}

/**
 * What an axie is worth beyond its parts: measured for common builds. For the others drawn with the measured spread, one half of the
 * variance by the name of the build (made up; similar axies then tell about each other), the other by the axie itself.
 */
function createHiddenWorth(seed: number): (axie: Unsold) => number {
  const measuredWorth = new Map(
    market.builds.map(([name, back, mouth, horn, tail, , worth]) => [`${name},${back},${mouth},${horn},${tail}`, worth]),
  )
  const drawn = (...key: readonly (string | number)[]) => createRandom(seed, ...key).normal() * market.uncommonSpread * Math.SQRT1_2
  return (axie) => {
    const build = buildOf(axie)
    return measuredWorth.get(build) ?? drawn('build', build) + drawn('axie', axie.tokenId)
  }
}
