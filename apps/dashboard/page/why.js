import { ask } from './ask.js'
import { h } from './dom.js'
import { count, eth, tame, usd } from './format.js'
import { plainTable } from './table.js'

/** Why a listing is an alert or is not: every rule with its numbers and limits, asked of the API when it is first opened. */
export function whyDetails(title, id) {
  const body = h('div', { class: 'why' })
  const details = h('details', {}, h('summary', {}, title), body)
  details.addEventListener('toggle', () => {
    if (details.open && body.childElementCount === 0) fillWhy(body, id)
  })
  return details
}

/** @param id the number of an axie, or a listing's name */
export async function fillWhy(body, id) {
  body.replaceChildren(h('p', { class: 'note' }, 'Asking…'))
  const { answer, problem } = await ask(`/api/why/${encodeURIComponent(id)}`)
  if (problem !== undefined) return body.replaceChildren(h('p', { class: 'note' }, tame(problem.detail ?? problem.title, 400)))
  const { ruleSet, rules } = answer
  body.replaceChildren(
    h('p', { class: 'note' }, `As it was scored, by the rule set ${tame(ruleSet.name, 80)} (${tame(ruleSet.hash, 12)}).`),
    ...rules.map(ruleBlock),
  )
}

const verdicts = {
  passed: 'an alert',
  rejected: 'wanted by the forecast, and rejected',
  no_candidate: 'not wanted by the forecast',
}

function ruleBlock({ rule, verdict, highestAskUsd, checks }) {
  const limit = highestAskUsd === null ? 'It passes at no ask.' : `It passes at an ask of at most ${usd(highestAskUsd)}.`
  return h(
    'section',
    { class: 'rule' },
    h(
      'h4',
      {},
      tame(rule, 40),
      h('span', { class: `verdict ${verdict === 'passed' ? 'up' : ''}` }, ` ${verdicts[verdict] ?? verdict}. ${limit}`),
    ),
    plainTable({ kind: 'checks', rows: checks.flatMap(checkRows) }),
  )
}

const shown = {
  usd,
  eth,
  hours: (value) => `${count(value)} h`,
  minutes: (value) => `${count(value)} min`,
  count,
  plain: (value) => String(Number(value.toPrecision(4))),
}
const shownValue = (value, unit) => (value === null ? 'not known' : (shown[unit] ?? shown.plain)(value))
const relations = { '>=': 'at least', '>': 'above', '<=': 'at most' }
const mark = (holds) =>
  h(
    'td',
    { class: holds ? 'mark up' : 'mark bad' },
    h('span', { 'aria-hidden': 'true' }, holds ? '✓' : '✗'),
    h('span', { class: 'unseen' }, holds ? 'holds' : 'does not hold'),
  )

function checkRows(check) {
  if (check.kind === 'condition') {
    const evidence = Object.entries(check.evidence).map(([name, value]) => `${name} = ${value}`)
    const text = [check.when, ...evidence, check.problem].filter(Boolean).join('; ')
    return [h('tr', {}, mark(check.holds), h('td', { class: 'wraps', colspan: '3' }, tame(text, 600)))]
  }
  return check.anyOf.map(({ what, value, relation, limit, unit, holds }, index) =>
    h(
      'tr',
      {},
      mark(holds),
      h('th', { scope: 'row', class: 'wraps' }, `${index > 0 ? 'or ' : ''}${tame(what, 120)}`),
      h('td', { class: 'number' }, shownValue(value, unit)),
      h('td', { class: 'label' }, `${relations[relation] ?? relation} ${shownValue(limit, unit)}`),
    ),
  )
}
