/** What must be known before any number of a backtest: what is real, what is made up, what is not in the data. */

import type { BacktestResult } from '#lib/backtest/result.ts'
import { type Html, html } from '#lib/report/html.ts'
import { note } from '#lib/report/page.ts'
import { table } from '#lib/report/table.ts'
import { minute } from './report-time.ts'
import { dollars, percent, whole } from './text.ts'

export function assumptions(result: BacktestResult): Html {
  const { played, input, race } = result
  return note(html`<ul>
${race === 'assumed' ? madeUpListings(result) : recordedListings(result)}
<li><b>The model sells nothing.</b> What a purchase earns is the next real sale of the same axie at equal breed count; else the median of the next two to five sales alike by others; else it is unsold, marked at the lower quartile of what its like was sold for, and never counted as a gain. ${exitShares(result)}</li>
<li><b>Only ${whole(played.days)} days</b>, of sales from ${minute(input.firstSale)} to ${minute(input.lastSale)}. Intervals come from resampled hours of these days; they say nothing about other months. Buying does not move this market.</li>
</ul>`)
}

const madeUpListings = ({
  source,
  input,
}: BacktestResult): Html => html`<li><b>Simulated, ${source} market.</b> ${whole(input.events)} sales are ${source === 'recorded' ? 'real' : 'generated'}: axie, time and price. Their listings are made up: a list of sales does not say when something was offered, so each sale is taken as a listing at its price just before it sold.</li>
<li><b>Selection bias.</b> Whatever never sold is not in the data, and every price here is one that somebody paid. Resales are seen only of axies that were sold again before the data end. A live market has worse offers, and better ones that are gone at once. Judge the alerts by their distance from the random buyer, who meets the same bias.</li>
<li><b>No listing times.</b> How long an offer stands, and so who wins it, is assumed (below). How long an axie takes to be sold again comes from gaps between its sales.</li>`

const recordedListings = ({
  source,
  input,
}: BacktestResult): Html => html`<li><b>${source === 'live' ? 'A recorded live market' : `Simulated, ${source} market`}.</b> ${whole(input.events)} events as they were recorded, listings with their times among them${source === 'live' ? '' : ': those times, and asks that never sell, are made up by the simulator'}. Each listing was priced and judged by the model and rules that were in force.</li>
<li><b>Selection bias.</b> Errors of forecasts are known only of listings that sold, resales only of axies that were sold again before the data end. Judge the alerts by their distance from the random buyer, who meets the same bias.</li>
<li><b>The race is the recorded one.</b> A listing that someone bought before the delay was over is lost; one that was still there is ours. That others would have acted otherwise had we bought is not in the data.</li>`

function exitShares({ strategies }: BacktestResult): string {
  const exits = strategies[0]?.summary.exits
  if (exits === undefined) return ''
  return `Of the alerts: ${whole(exits.resold)} resold, ${whole(exits.similar)} similar, ${whole(exits.unsold)} unsold, ${whole(exits.censored)} censored (the data end before anyone can know; left out of shares and returns).`
}

export function executionTable({ execution }: BacktestResult): Html {
  const rows: [string, string, string][] = [
    ['--delay', `${execution.delaySeconds} s`, 'from the listing until a person has bought'],
    [
      '--half-life',
      `${execution.halfLifeMinutes} min`,
      'a fairly priced listing is taken by someone else within so long, in half of all cases',
    ],
    ['--competition', String(execution.competition), 'the half-life of a bargain is multiplied by (1 − discount) to this power'],
    ['--fee', percent(execution.feeRatio, 2), 'of the market, when selling'],
    ['--gas', dollars(execution.gasUsd, 2), 'for each of two transactions'],
    ['--undercut', percent(execution.undercutRatio), 'below the median of similar sales'],
    ['--exit-hours', String(execution.exitHours), 'similar sales so long after buying are what it could be sold for'],
    ['--capital', dollars(execution.capitalUsd), 'to begin with'],
    ['--per-trade', dollars(execution.perTradeUsd), 'the dearest single purchase'],
    ['--positions', String(execution.maximumPositions), 'held at once, at most'],
  ]
  return table({
    caption: 'How a purchase is simulated. Judgements, not measurements; each is a flag.',
    columns: [{ title: 'flag' }, { title: 'value', kind: 'number' }, { title: 'meaning' }],
    rows: rows.map(([flag, ...rest]) => [html`<code>${flag}</code>`, ...rest]),
  })
}
