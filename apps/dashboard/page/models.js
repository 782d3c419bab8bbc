import { ask } from './ask.js'
import { createChampionLine } from './champion-line.js'
import { h } from './dom.js'
import { count, dateTime, span, tame } from './format.js'
import { scrollTable } from './table.js'

const refreshMillis = 10_000

/** Which models there are, how they stand beside each other, what was decided about them and why, and what the trainer did. */
export const models = {
  id: 'models',
  title: 'Models',
  create(root) {
    const [standing, line, decisions, trainings, all] = [
      panel(root, 'standing', 'What sells says'),
      panel(root, 'line', 'How the model in force did'),
      panel(root, 'decisions', 'Decisions'),
      panel(root, 'trainings', 'Trainings'),
      panel(root, 'models', 'Models'),
    ]
    const championLine = createChampionLine(line)
    const refresh = async () => {
      const { answer, problem } = await ask('/api/models')
      if (problem !== undefined) return all.replaceChildren(empty(tame(problem.detail, 400)))
      standing.replaceChildren(standingOf(answer))
      championLine.show(answer)
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

const table = (label, head, rows) =>
  scrollTable({
    label,
    head: head.map((name) => [name]),
    rows: rows.map(([first, ...rest]) => h('tr', {}, h('th', { scope: 'row' }, first), ...rest)),
  })

const cell = (text, kind = '') => h('td', { class: kind }, text)

/** What the verdict is about: the newest challenger, else the model before; null where only rules are compared. */
function judgedOf({ compared, decisions }) {
  const models = compared.filter(({ modelId }) => !isRule(modelId))
  const named = decisions.find(({ kind, modelId }) => kind === 'challenger' && models.some((one) => one.modelId === modelId))
  return models.find(({ modelId }) => modelId === named?.modelId) ?? models[0] ?? null
}

const isRule = (modelId) => modelId.startsWith('rule:')

/** The verdict in one sentence, who decides, and how the others stand that are compared with the model that prices. */
function standingOf(answer) {
  const { inForce, compared, decisions } = answer
  if (inForce === null) return empty('No model prices yet.')
  if (compared.length === 0) return empty(`${tame(inForce, 60)} prices, and nothing is compared with it yet.`)
  const judged = judgedOf(answer)
  const isHeld = decisions.find(({ kind }) => kind === 'held' || kind === 'released')?.kind === 'held'
  const verdict = judged === null ? 'no other model is compared with it' : tame(judged.sentence, 240)
  const kinds = { better: 'up', worse: 'lost' }
  const lines = compared
    .filter((one) => one !== judged)
    // A rule that does worse is as it should be.
    .map(({ modelId, sentence, standing }) => h('li', { class: isRule(modelId) ? '' : (kinds[standing] ?? '') }, tame(sentence, 240)))
  const sentence = `${tame(inForce, 60)} prices; ${verdict}.${isHeld ? ' People hold decisions.' : ''}`
  return h('div', {}, h('p', { class: 'verdict' }, sentence), ...(lines.length === 0 ? [] : [h('ul', {}, ...lines)]))
}

function decisionsOf({ decisions }) {
  if (decisions.length === 0) return empty('Nothing was decided yet.')
  const rows = decisions.map(({ at, kind, modelId, reason }) => [
    dateTime(at),
    cell(kind, kind === 'promoted' ? 'up' : kind === 'barred' || kind === 'rolled back' ? 'lost' : ''),
    cell(modelId === null ? '–' : tame(modelId, 60)),
    cell(tame(reason, 300)),
  ])
  return table('Decisions', ['When', 'What', 'Model', 'Why'], rows)
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
  return table('Trainings', ['Begun', 'How it stands', 'Why', 'Steps', 'What came of it', 'Data set'], rows)
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
    table('Models', ['Model', 'Prices', 'Learnt from', 'Until', 'From market'], rows),
    h('p', { class: 'note' }, `${count(all.length)} in all.`),
  )
}
