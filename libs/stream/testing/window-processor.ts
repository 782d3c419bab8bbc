import type { Processor } from '#lib/stream/processor.ts'

/**
 * A small processor with every trait a real one may have, for tests: a window of time, an order that disagrees with time, a value that
 * outlives the window, skips and rejections.
 */
export type WindowEvent =
  | Readonly<{ type: 'add'; id: string; key: string; time: number; amount: number }>
  | Readonly<{ type: 'unit'; id: string; key: string; time: number; unit: string }>
  | Readonly<{ type: 'ignored'; id: string; key: string; time: number }>
  | Readonly<{ type: 'refused'; id: string; key: string; time: number }>

export type WindowSum = Readonly<{ id: string; sum: number; count: number; unit: string }>

type State = { clock: number; unit: string; window: { time: number; amount: number }[] }

export const windowHorizonMillis = 1_000

/** Answers each `add` with the sum over the last second of the fold's clock, in the unit set last. */
export const createWindowProcessor = (outputTopic: string): Processor<WindowEvent, WindowSum, State> => ({
  initial: (carry) => ({ clock: Number.NEGATIVE_INFINITY, unit: (carry as { unit: string } | undefined)?.unit ?? 'none', window: [] }),
  process: (batch, state) =>
    batch.map(({ value: event }) => {
      state.clock = Math.max(state.clock, event.time)
      state.window = state.window.filter(({ time }) => time >= state.clock - windowHorizonMillis)
      if (event.type === 'refused') return { type: 'reject', code: 'bad_price', message: `no ${event.id} here` }
      if (event.type === 'ignored') return { type: 'skip', reason: 'ignored' }
      if (event.type === 'unit') {
        state.unit = event.unit
        return { type: 'emit', outputs: [] }
      }
      if (event.time >= state.clock - windowHorizonMillis) state.window.push({ time: event.time, amount: event.amount })
      const sum = state.window.reduce((total, { amount }) => total + amount, 0)
      const value = { id: event.id, sum, count: state.window.length, unit: state.unit }
      return { type: 'emit', outputs: [{ topic: outputTopic, key: event.key, value }] }
    }),
  memory: {
    horizonMillis: windowHorizonMillis,
    clockOf: ({ value }) => value.time,
    carry: ({ unit }) => ({ unit }),
  },
})
