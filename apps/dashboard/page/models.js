import { ask } from './ask.js'
import { h } from './dom.js'
import { count, dateTime, span, tame } from './format.js'

const refreshMillis = 10_000

/** Which models there are, how they stand beside each other, what was decided about them and why, and what the trainer did. */
export const models = {
  id: 'models',
  title: 'Models',
  create(root) {
    const [standing, decisions, trainings, all] = [
      panel(root, 'standing', 'What sells says'),
      panel(root, 'decisions', 'Decisions'),
      panel(root, 'trainings', 'Trainings'),
      panel(root, 'models', 'Models'),
    ]
    const refresh = async () => {
      const { answer, problem } = await ask('/api/models')
      if (problem !== undefined) return all.replaceChildren(empty(tame(problem.detail, 400)))
      standing.replaceChildren(standingOf(answer))
      decisions.replaceChildren(decisionsOf(answer))
      trainings.replaceChildren(trainingsOf(answer))
      all.replaceChildren(modelsOf(answer))
    }
    let timer = null
    return {
      shown() {
        timer = setInterval(refresh, refreshMillis)
        return refresh()
      },
      hidden: () => clearInterval(timer),
    }
  },
}

function panel(root, id, title) {
  const body = h('div')
  const labelled = { class: 'panel', 'aria-labelledby': `${id}-title` }
  root.append(h('section', labelled, h('header', {}, h('h2', { id: `${id}-title` }, title)), body))
  return body
}

const empty = (text) => h('p', { class: 'empty' }, text)

const table = (id, head, rows) =>
  h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': `${id}-title` },
    h(
      'table',
      { class: 'plain' },
      h('thead', {}, h('tr', {}, ...head.map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, ...rows.map(([first, ...rest]) => h('tr', {}, h('th', { scope: 'row' }, first), ...rest))),
    ),
  )

const cell = (text, kind = '') => h('td', { class: kind }, text)

/** One sentence for each model that is compared with the one that prices. */
function standingOf({ inForce, compared }) {
  if (inForce === null) return empty('No model prices yet.')
  if (compared.length === 0) return empty(`${tame(inForce, 60)} prices, and nothing is compared with it yet.`)
  const kinds = { better: 'up', worse: 'lost' }
  const lines = compared.map(({ sentence, standing }) => h('li', { class: kinds[standing] ?? '' }, tame(sentence, 240)))
  return h('div', {}, h('p', {}, `${tame(inForce, 60)} prices.`), h('ul', {}, ...lines))
}

function decisionsOf({ decisions }) {
  if (decisions.length === 0) return empty('Nothing was decided yet.')
  const rows = decisions.map(({ at, kind, modelId, reason }) => [
    dateTime(at),
    cell(kind, kind === 'promoted' ? 'up' : kind === 'barred' || kind === 'rolled back' ? 'lost' : ''),
    cell(modelId === null ? '–' : tame(modelId, 60)),
    cell(tame(reason, 300)),
  ])
  return table('decisions', ['When', 'What', 'Model', 'Why'], rows)
}

const marks = { done: '✓', cached: '✓ kept', running: '…', failed: '✗' }

function trainingsOf({ trainings }) {
  if (trainings.length === 0) return empty('The trainer has not trained yet.')
  const rows = trainings.map(({ startedAt, endedAt, status, reason, steps, attempts, conclusion, datasetId }) => [
    dateTime(startedAt),
    cell(
      endedAt === null ? status : `${status} after ${span(endedAt - startedAt)}${attempts > 1 ? `, ${count(attempts)} attempts` : ''}`,
      status === 'failed' || status === 'refused' ? 'lost' : '',
    ),
    cell(tame(reason, 200)),
    cell(steps.map((step) => `${tame(step.name, 20)} ${marks[step.status] ?? ''}`).join(' → ')),
    cell(tame(conclusion ?? steps.at(-1)?.detail ?? '–', 300)),
    cell(datasetId === null ? '–' : tame(datasetId, 20)),
  ])
  return table('trainings', ['Begun', 'How it stands', 'Why', 'Steps', 'What came of it', 'Data set'], rows)
}

function modelsOf({ inForce, models: all }) {
  if (all.length === 0) return empty('No model yet: the first one shows here once it is trained.')
  const rows = all.map(({ modelId, source, trainedFrom, trainedUntil }) => [
    tame(modelId, 60),
    cell(modelId === inForce ? 'now' : '–', modelId === inForce ? 'up' : 'label'),
    cell(dateTime(trainedFrom)),
    cell(dateTime(trainedUntil)),
    cell(tame(source, 20)),
  ])
  return h(
    'div',
    {},
    table('models', ['Model', 'Prices', 'Learnt from', 'Until', 'From market'], rows),
    h('p', { class: 'note' }, `${count(all.length)} in all.`),
  )
}
