import type { Processor } from '#lib/stream/processor.ts'

export type Event = Readonly<{
  type: 'add' | 'unit' | 'ignored' | 'refused'
  id: string
  key: string
  time: number
  amount: number
  unit: string
}>

export type Answer = Readonly<{ id: string; window: string; unit: string }>

type State = { clock: number; unit: string; window: { time: number; amount: string }[] }

export const horizonMillis = 1_000

/**
 * A small processor with every trait a real one may have: a window of time, an order that disagrees with time, skips and rejections, and a
 * value that outlives the window and is written into what enters it, as the model in force is into what a sale comes to. Whoever restores
 * with a later value writes history anew.
 */
export const createTrailProcessor = (topic: string): Processor<Event, Answer, State> => ({
  initial: (carry) => ({ clock: Number.NEGATIVE_INFINITY, unit: (carry as { unit: string } | undefined)?.unit ?? 'none', window: [] }),
  process: (batch, state) =>
    batch.map(({ value: event }) => {
      state.clock = Math.max(state.clock, event.time)
      state.window = state.window.filter(({ time }) => time >= state.clock - horizonMillis)
      if (event.type === 'refused') return { type: 'reject', code: 'bad_price', message: `no ${event.id} here` }
      if (event.type === 'ignored') return { type: 'skip', reason: 'ignored' }
      if (event.type === 'unit') {
        state.unit = event.unit
        return { type: 'emit', outputs: [] }
      }
      if (event.time >= state.clock - horizonMillis) state.window.push({ time: event.time, amount: `${event.amount}${state.unit}` })
      const value = { id: event.id, window: state.window.map(({ amount }) => amount).join(' '), unit: state.unit }
      return { type: 'emit', outputs: [{ topic, key: event.key, value }] }
    }),
  memory: { horizonMillis, clockOf: ({ value }) => value.time, carry: ({ unit }) => ({ unit }) },
})
