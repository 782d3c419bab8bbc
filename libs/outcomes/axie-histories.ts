import type { AxieHistory } from './outcome-of.ts'

type Happening = Readonly<{ id: string; at: number }>
type Lists = { -readonly [List in keyof AxieHistory]: AxieHistory[List][number][] }

const kinds = ['sales', 'offers', 'cancellations'] as const

const nothing: AxieHistory = { sales: [], offers: [], cancellations: [] }

/** What happened to each axie, for as long as it matters. */
export interface AxieHistories {
  get(tokenId: string): AxieHistory
  /** True where it is news: the same happening may be told twice. */
  note<List extends keyof AxieHistory>(tokenId: string, list: List, happening: AxieHistory[List][number]): boolean
  /** Forgets what happened before. */
  forgetBefore(time: number): void
  count(): number
}

export function createAxieHistories(): AxieHistories {
  const axies = new Map<string, Lists>()
  const inOrder = (a: Happening, b: Happening) => a.at - b.at || (a.id < b.id ? -1 : 1)
  return {
    get: (tokenId) => axies.get(tokenId) ?? nothing,
    note(tokenId, list, happening) {
      const lists = axies.get(tokenId) ?? { sales: [], offers: [], cancellations: [] }
      const happenings: Happening[] = lists[list]
      if (happenings.some(({ id }) => id === happening.id)) return false
      axies.set(tokenId, lists)
      happenings.push(happening)
      happenings.sort(inOrder)
      return true
    },
    forgetBefore(time) {
      for (const [tokenId, lists] of axies) {
        for (const kind of kinds) {
          const happenings: Happening[] = lists[kind]
          happenings.splice(0, firstSince(happenings, time))
        }
        if (kinds.every((kind) => lists[kind].length === 0)) axies.delete(tokenId)
      }
    },
    count: () => [...axies.values()].reduce((sum, lists) => sum + kinds.reduce((count, kind) => count + lists[kind].length, 0), 0),
  }
}

function firstSince(happenings: readonly Happening[], time: number): number {
  const index = happenings.findIndex(({ at }) => at >= time)
  return index === -1 ? happenings.length : index
}
