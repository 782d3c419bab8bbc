import { decimal, defineConfig, integer, oneOf, optionalText } from '#lib/app/config.ts'
import { defaultRetraining } from '#lib/learning/retraining.ts'
import { trackingSettings } from '#lib/tracking/open-tracker.ts'
import { trainingSettings } from '#lib/training/config.ts'

export const settings = defineConfig({
  ...trackingSettings,
  ...trainingSettings,
  TRAINER_HOUR: {
    schema: integer(0, 23),
    default: String(defaultRetraining.hour),
    unit: 'h',
    description: 'Each day at this hour, UTC, a model is trained.',
  },
  TRAINER_OLDEST_DAYS: {
    schema: decimal(0.01, 365),
    default: String(defaultRetraining.oldestDays),
    unit: 'days',
    description: 'A model in force that learnt until longer ago is trained again.',
  },
  TRAINER_MANY_SALES: {
    schema: integer(1, 100_000_000),
    default: String(defaultRetraining.manySales),
    unit: 'sales',
    description: 'So many sales that no training has seen are worth one.',
  },
  TRAINER_HOURS_APART: {
    schema: decimal(0, 8_760),
    default: String(defaultRetraining.hoursApart),
    unit: 'h',
    description: 'Between two trainings, whatever else would begin one.',
  },
  TRAINER_DAYS: {
    schema: decimal(0.01, 3_650),
    default: '28',
    unit: 'days',
    description: 'Learns from so many days before the newest event; what is older says little of the prices of today.',
  },
  TRAINER_MOST_WORSE: {
    schema: decimal(0, 1),
    default: '0.1',
    description: 'A model is not shown to the market where its median error is more than this share above that of the one in force.',
  },
  TRAINER_SETTINGS: {
    schema: oneOf(['full', 'fast']),
    default: 'full',
    description: 'full, or fast: fewer and simpler trees, a model in seconds, a little worse.',
  },
  TRAINER_FOLDER: {
    schema: optionalText(),
    default: '',
    description: 'Where the steps of a training are kept, for whoever begins again after a kill; empty: .flipstream/training.',
  },
  TRAINER_FOLDER_MEGABYTES: {
    schema: integer(1, 1_000_000),
    default: '2000',
    unit: 'MB',
    description: 'The most that it holds: what was used longest ago goes first.',
  },
  TRAINER_LOOK_SECONDS: { schema: decimal(0.05, 86_400), default: '60', unit: 's', description: 'How often it looks whether to train.' },
})
