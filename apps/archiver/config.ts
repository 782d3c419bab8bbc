import { decimal, defineConfig, integer } from '#lib/app/config.ts'

export const settings = defineConfig({
  ARCHIVE_GENERATION: {
    schema: integer(1, 1_000_000),
    default: '1',
    description: 'Raise it when the topic was rebuilt and counts its offsets anew: it is then archived beside the old one.',
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
    description: 'An object ends after so many bytes before compression. About three times as much is held in memory.',
  },
  ARCHIVE_IDLE_SECONDS: {
    schema: decimal(0.1, 86_400),
    default: '60',
    unit: 's',
    description: 'An object ends when no record came for so long, so that a quiet topic is archived too.',
  },
})
