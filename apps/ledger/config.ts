import { defineConfig, integer } from '#lib/app/config.ts'

export const settings = defineConfig({
  RANDOM_BUYER_ONE_IN: {
    schema: integer(1, 1_000_000),
    default: '20',
    description: 'One listing in so many is drawn, by its id, for the random buyer whose results stand beside the alerts.',
  },
})
