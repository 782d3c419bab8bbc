import { defineConfig, oneOf } from '#lib/app/config.ts'

export const settings = defineConfig({
  STANDBY: {
    schema: oneOf(['on', 'off']),
    default: 'on',
    description: 'on: while another enricher works, this one keeps the same state warm, and takes over within a second.',
  },
})
