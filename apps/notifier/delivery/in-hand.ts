/** What was taken of a partition, batch by batch: where the next one begins, and which of its alerts are not settled yet. */
export type InHand = readonly Readonly<{ nextOffset: number; unsettled: ReadonlySet<string> }>[]

export type InHandEvent =
  | Readonly<{ type: 'taken'; nextOffset: number; alertIds: readonly string[] }>
  | Readonly<{ type: 'settled'; alertId: string }>
  /** All before this offset are done with. */
  | Readonly<{ type: 'left behind'; offset: number }>

export function next(inHand: InHand, event: InHandEvent): InHand {
  switch (event.type) {
    case 'taken':
      return [...inHand, { nextOffset: event.nextOffset, unsettled: new Set(event.alertIds) }]
    case 'settled':
      return inHand.map((batch) =>
        batch.unsettled.has(event.alertId) ? { ...batch, unsettled: without(batch.unsettled, event.alertId) } : batch,
      )
    case 'left behind':
      return inHand.filter(({ nextOffset }) => nextOffset > event.offset)
  }
}

/** Up to where everything before is settled; null where nothing new is. */
export function settledUpTo(inHand: InHand): number | null {
  const first = inHand.findIndex(({ unsettled }) => unsettled.size > 0)
  const done = first === -1 ? inHand.length : first
  return inHand[done - 1]?.nextOffset ?? null
}

export const isInHand = (inHand: InHand, alertId: string): boolean => inHand.some(({ unsettled }) => unsettled.has(alertId))

export const countInHand = (inHand: InHand): number => inHand.reduce((count, { unsettled }) => count + unsettled.size, 0)

const without = (all: ReadonlySet<string>, one: string): ReadonlySet<string> => new Set([...all].filter((other) => other !== one))
