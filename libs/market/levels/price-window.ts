import { createOrderStatistics, type OrderStatistics } from './order-statistics.ts'
import type { PriceTape } from './price-tape.ts'

/**
 * The prices of a span of time, market-wide and by group. What it holds is a function of the tape and of where it was moved to: it may
 * be moved to and fro, and costs as much as prices enter and leave.
 */
export interface PriceWindow {
  /** Holds the prices with `from` < time < `until`. */
  moveTo(from: number, until: number): void
  /** Tells that a price was put on the tape at this position. */
  inserted(position: number): void
  /** Lets go of every position before this one: the tape is about to forget them. */
  leaveBefore(position: number): void
  market(): OrderStatistics
  group(group: number): OrderStatistics
}

/** `groups`: how many groups to keep apart besides the market; 0 where only the market matters. */
export function createPriceWindow(tape: PriceTape, groups: number): PriceWindow {
  const market = createOrderStatistics()
  const byGroup: OrderStatistics[] = []
  let [head, tail] = [tape.first(), tape.first()]

  const group = (number: number): OrderStatistics => {
    byGroup[number] ??= createOrderStatistics()
    return byGroup[number]
  }
  function add(position: number): void {
    market.add(tape.bin(position))
    if (groups > 0) group(tape.group(position)).add(tape.bin(position))
  }
  function remove(position: number): void {
    market.remove(tape.bin(position))
    if (groups > 0) group(tape.group(position)).remove(tape.bin(position))
  }

  function moveHead(from: number): void {
    while (head < tape.end() && tape.time(head) <= from) {
      if (head < tail) remove(head)
      else tail += 1
      head += 1
    }
    while (head > tape.first() && tape.time(head - 1) > from) {
      head -= 1
      add(head)
    }
  }

  function moveTail(until: number): void {
    while (tail < tape.end() && tape.time(tail) < until) {
      add(tail)
      tail += 1
    }
    while (tail > head && tape.time(tail - 1) >= until) {
      tail -= 1
      remove(tail)
    }
  }

  return {
    moveTo(from, until) {
      moveHead(from)
      moveTail(until)
    },
    inserted(position) {
      if (position >= tail && position > head) return
      if (position > head) add(position)
      else head += 1
      tail += 1
    },
    leaveBefore(position) {
      while (head < position) {
        if (head < tail) remove(head)
        else tail += 1
        head += 1
      }
    },
    market: () => market,
    group,
  }
}
