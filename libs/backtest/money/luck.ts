import { createRandom } from '#lib/numbers/random.ts'

/** In [0, 1): chance, drawn beforehand. Of the seed and of what it is about alone: whatever else is bought, the same race ends the same way. */
export type Luck = Readonly<{
  /** Below the chance to be first, nobody else was faster. */
  race(listingId: string): number
  /** Below the chance to sell, the buyer of that sale buys ours. */
  buyer(sale: number): number
}>

export function luckOf(seed: number, draw: number): Luck {
  const [races, buyers] = [mixed(mixed(seed, draw), 1), mixed(mixed(seed, draw), 2)]
  return {
    race(listingId) {
      let hash = races
      for (let index = 0; index < listingId.length; index++) hash = Math.imul(hash ^ listingId.charCodeAt(index), 0x01000193)
      return createRandom(hash).uniform()
    },
    buyer: (sale) => createRandom(mixed(buyers, sale)).uniform(),
  }
}

const mixed = (hash: number, value: number): number => Math.imul((hash ^ value) + 0x9e3779b9, 0x85ebca6b) ^ (hash >>> 15)
