import { dayMillis } from '#lib/clock/durations.ts'
import { createRandom, hash32 } from '#lib/synthetic/random.ts'
import { createRecentMap } from './recent-map.ts'

const addresses = 4_000
const remembered = 30 * dayMillis

/** Hexadecimal digits that follow from a name: addresses and hashes of the simulated chain. */
export function hexOf(name: string, digits: number): string {
  let text = ''
  for (let word = 0; text.length < digits; word++) text += hash32(name, word).toString(16).padStart(8, '0')
  return `0x${text.slice(0, digits)}`
}

export type Owners = Readonly<{
  /** Somebody of the market. */
  next(): string
  trade(tokenId: string, soldAt: number): { seller: string; buyer: string }
  txHash(tokenId: string, soldAt: number): string
}>

/** Who owns which axie: made up, but consistently. Whoever bought an axie within 30 days is who sells it. */
export function createOwners(seed: number): Owners {
  const random = createRandom('owners', seed)
  const pool = Array.from({ length: addresses }, (_, index) => hexOf(`address ${seed} ${index}`, 40))
  const owners = createRecentMap<string>(remembered)
  // Squared: few addresses trade much, many seldom; the busiest makes 1.6% of all.
  const next = (): string => pool[Math.floor(addresses * random.next() ** 2)]!
  return {
    next,
    trade(tokenId, soldAt) {
      const seller = owners.get(tokenId) ?? next()
      // Nobody buys from himself: the marketplace does not allow it, and such a sale would be refused as made up.
      let buyer = next()
      while (buyer === seller) buyer = next()
      owners.set(tokenId, buyer, soldAt)
      return { seller, buyer }
    },
    txHash: (tokenId, soldAt) => hexOf(`transaction ${seed} ${tokenId} ${soldAt}`, 64),
  }
}
