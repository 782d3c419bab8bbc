import { expect, test } from 'vitest'
import { realTimeViolations } from './simulated-time.ts'

const app = { path: 'apps/ledger/main.ts', text: "import { book } from '#lib/outcomes/book.ts'\n" }

test('a timer that a simulated app reaches is refused, however far away', () => {
  const book = { path: 'libs/outcomes/book.ts', text: "import { later } from './later.ts'\n" }
  const later = {
    path: 'libs/outcomes/later.ts',
    text: '// setTimeout( in a comment is none\nexport const later = () => setTimeout(() => {}, 5)\n',
  }
  expect(realTimeViolations([app, book, later])).toMatchObject([{ path: 'libs/outcomes/later.ts', line: 2 }])
})

test.each(['const now = performance.now()', "import { setTimeout as wait } from 'node:timers/promises'", 'setInterval(look, 5)'])(
  'so is: %s',
  (text) => expect(realTimeViolations([{ ...app, text }])).toHaveLength(1),
)

test('what no simulated app reaches, and what lies behind a port, may ask the machine', () => {
  const port = { path: 'libs/clock/clock.ts', text: 'setTimeout(wake, 5)' }
  const stack = { path: 'libs/stack/start.ts', text: 'setTimeout(look, 5)' }
  const reaching = { ...app, text: "import { clock } from '#lib/clock/clock.ts'\nclock.setTimeout(5)\n" }
  expect(realTimeViolations([reaching, port, stack])).toEqual([])
})
