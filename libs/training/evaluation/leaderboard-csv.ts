import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { partTypes } from '#lib/axie/parts.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import type { LeaderboardAxie, LeaderboardSnapshot } from '#schemas/types.ts'

const columns = ['id', 'class', ...partTypes] as const

/** A leaderboard as a file has it: one axie a row, best first. RejectedError bad_leaderboard_file, with what was expected and found. */
export async function readLeaderboard(path: string): Promise<LeaderboardSnapshot> {
  const rows = parse({ bom: true, columns: (header: string[]) => checkHeader(header, path) })
  // The callback is required; what fails reaches us through `rows`.
  pipeline(createReadStream(path), rows, () => {})
  const axies: LeaderboardAxie[] = []
  try {
    for await (const row of rows as AsyncIterable<Readonly<Record<string, string>>>) {
      const parts = partTypes.map((type) => row[type] ?? '')
      axies.push({ tokenId: row['id'] ?? '', rank: axies.length + 1, class: row['class'] ?? '', parts })
    }
  } catch (error) {
    throw error instanceof CsvError ? new RejectedError('bad_leaderboard_file', `${path}: ${error.message}`) : error
  }
  return { axies }
}

function checkHeader(found: readonly string[], path: string): string[] {
  const missing = columns.filter((column) => !found.includes(column))
  if (missing.length === 0) return [...found]
  throw new RejectedError('bad_leaderboard_file', `${path}: expected the columns ${columns.join(', ')}; ${missing.join(', ')} missing`)
}
