import { decimal, defineConfig, integer, parseConfig, text } from '#lib/app/config.ts'
import { topicsToArchive } from '#lib/market/topics.ts'

export const settings = defineConfig({
  ARCHIVE_TOPICS: {
    schema: text().transform((list) => list.split(',').map((topic) => topic.trim())),
    default: topicsToArchive.join(','),
    description: 'Topics to archive, comma separated, without the prefix.',
  },
  ARCHIVE_GENERATION: {
    schema: integer(1, 1_000_000),
    default: '1',
    description: 'Raise it when the topic was rebuilt and counts its offsets from 0: it is then archived beside the old one.',
  },
  ARCHIVE_MAX_RECORDS: {
    schema: integer(1, 1_000_000),
    default: '50000',
    description: 'An object ends after so many records, or earlier where the hour of the market changes.',
  },
  ARCHIVE_MAX_MEGABYTES: {
    schema: decimal(0.001, 64),
    default: '8',
    unit: 'MB',
    description: 'An object ends when its records hold so much memory, overhead included: about 8,000 events, or 3,000 scored listings.',
  },
  ARCHIVE_IDLE_SECONDS: {
    schema: decimal(0.1, 86_400),
    default: '300',
    unit: 's',
    description: 'An object ends when no record came for so long. Less makes more, smaller objects of a topic with few records.',
  },
  ARCHIVE_ROTATION_SECONDS: {
    schema: decimal(0.1, 86_400),
    default: '600',
    unit: 's',
    description: 'An object ends when its first record has waited for so long: whatever is in a topic is archived within this time.',
  },
  ARCHIVE_MEMORY_MEGABYTES: {
    schema: decimal(0.001, 4_096),
    default: '32',
    unit: 'MB',
    description: 'All partitions together hold about so many bytes of records; beyond, the largest ends its object early.',
  },
})

/** The topics that an archiver in this environment archives. Throws ConfigError. */
export const archivedTopics = (env: Readonly<Record<string, string | undefined>>): readonly string[] =>
  parseConfig({ ARCHIVE_TOPICS: settings.ARCHIVE_TOPICS }, env).ARCHIVE_TOPICS

/** Where an archiver in this environment ends objects that nobody ended before. Throws ConfigError. */
export function objectLimits(env: Readonly<Record<string, string | undefined>>): Readonly<{ maxRecords: number; maxBytes: number }> {
  const { ARCHIVE_MAX_RECORDS, ARCHIVE_MAX_MEGABYTES } = settings
  const config = parseConfig({ ARCHIVE_MAX_RECORDS, ARCHIVE_MAX_MEGABYTES }, env)
  return { maxRecords: config.ARCHIVE_MAX_RECORDS, maxBytes: config.ARCHIVE_MAX_MEGABYTES * 1e6 }
}
