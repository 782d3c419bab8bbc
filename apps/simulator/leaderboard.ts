import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { partTypes } from '#lib/axie/parts.ts'
import type { LeaderboardAxie } from '#schemas/types.ts'
import type { Market } from './market.ts'

const axiesPerPlayer = 3
const players = 400
const soldLately = 20_000

/**
 * The leaderboard of a market that has no players. Made up: the teams are the dearest axies among those sold lately, three to a player,
 * the dearest first, as if the best players paid most.
 */
export function leaderboardOfMarket(market: Market): LeaderboardAxie[] {
  const sales = [...market.settledSales({ from: 0, size: soldLately }).results].sort((a, b) => b.priceUsd - a.priceUsd)
  const axies = [...new Map(sales.map(({ axie }) => [axie.tokenId, axie])).values()].slice(0, players * axiesPerPlayer)
  return axies.map(({ tokenId, class: name, parts }, index) => ({
    tokenId,
    rank: rankOf(index),
    class: name,
    parts: partTypes.map((type) => parts[type]),
  }))
}

/** A recorded one: rows of id, class and the six parts, three to a player, the best first. */
export function readLeaderboard(file: string): LeaderboardAxie[] {
  const rows = parse(readFileSync(file), { columns: true }) as Record<string, string>[]
  return rows.map((row, index) => {
    const field = (name: string): string => {
      const value = row[name]
      if (value === undefined || value === '') throw new Error(`${file}, row ${index + 1}: expected a column ${name}`)
      return value
    }
    return { tokenId: field('id'), rank: rankOf(index), class: field('class'), parts: partTypes.map(field) }
  })
}

const rankOf = (index: number): number => Math.floor(index / axiesPerPlayer) + 1
