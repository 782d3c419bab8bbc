import { defineConfig, integer, oneOf, optionalText } from '#lib/app/config.ts'

export const cardFormats = ['card', 'line', 'json', 'none'] as const

export const settings = defineConfig({
  CARD_FORMAT: {
    schema: oneOf(cardFormats),
    default: 'card',
    description: 'What an alert looks like on stdout: card, line, json (one object a line), or none (only measured).',
  },
  CARD_COLOR: {
    schema: oneOf(['auto', 'always', 'never']),
    default: 'auto',
    description: 'auto: in a terminal, unless NO_COLOR is set.',
  },
  NO_COLOR: {
    schema: optionalText(),
    default: '',
    description: 'Set to anything: no colour (no-color.org).',
  },
  COLUMNS: {
    schema: integer(1, 10_000),
    default: '100',
    description: 'Width of the terminal where stdout does not tell. A card is 60 to 100 wide.',
  },
})
