import { createPaper } from './paper.js'
import { createPositions } from './positions.js'
import { createProfit } from './profit.js'
import { createTrades } from './trades.js'

const refreshMillis = 10_000

/** What is held, what rules earn on paper, and what alerts came to: by day and rule beside a random buyer, and one by one. */
export const money = {
  id: 'money',
  title: 'Money',
  create(root, page) {
    const positions = createPositions(page)
    const paper = createPaper()
    const profit = createProfit()
    const trades = createTrades(page)
    root.append(positions.element, paper.element, profit.element, trades.element)
    let timer = null
    const refresh = () => {
      positions.refresh()
      paper.refresh()
      profit.refresh()
      trades.refresh()
    }
    return {
      shown() {
        refresh()
        timer = setInterval(refresh, refreshMillis)
      },
      hidden: () => clearInterval(timer),
      snapshot: ({ levels }) => trades.classes(levels.classes),
      status: ({ rules, simulated }) => {
        trades.rules((rules.rules ?? []).map(({ name }) => name))
        profit.stamp(simulated)
      },
    }
  },
}
