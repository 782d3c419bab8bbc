import uPlot from '/plot/uPlot.esm.js'
import { h } from './dom.js'
import { count, percent, signedPercent, tame } from './format.js'
import { timePlotOptions } from './time-plot.js'

const height = 220

/** How much better than the rule of similar sales the model in force was, block by block, with what was decided marked on the line. */
export function createChampionLine(body) {
  const holder = h('div', { class: 'plot short', role: 'img' })
  const note = h('p', { class: 'note' })
  body.replaceChildren(holder, note)
  let plot = null
  let drawn = ''

  const style = (name) => {
    holder.style.color = `var(${name})`
    const { color } = getComputedStyle(holder)
    holder.style.color = ''
    return color
  }

  /** A line down at each decision within the plot: who came into force, and whether it went back. */
  const marks = (decisions) => (drawing) => {
    const { ctx, bbox } = drawing
    for (const { at, kind } of decisions) {
      const x = drawing.valToPos(at / 1_000, 'x', true)
      if (x < bbox.left || x > bbox.left + bbox.width) continue
      ctx.save()
      ctx.strokeStyle = style(kind === 'promoted' ? '--up' : '--bad')
      ctx.lineWidth = 2 * devicePixelRatio
      ctx.setLineDash(kind === 'promoted' ? [] : [6 * devicePixelRatio, 4 * devicePixelRatio])
      ctx.beginPath()
      ctx.moveTo(x, bbox.top)
      ctx.lineTo(x, bbox.top + bbox.height)
      ctx.stroke()
      ctx.restore()
    }
  }

  const build = (line, decisions) => {
    plot?.destroy()
    plot = new uPlot(
      {
        ...timePlotOptions({ width: body.clientWidth, height, style, formatValue: signedPercent }),
        series: [{}, { label: 'better than similar sales', stroke: style('--market'), width: 2, points: { show: line.length < 20 } }],
        hooks: { draw: [marks(decisions)] },
      },
      [line.map(({ at }) => at / 1_000), line.map(({ skill }) => skill)],
      holder,
    )
  }

  return {
    show({ line, decisions: all }) {
      const decisions = all.filter(({ kind }) => kind === 'promoted' || kind === 'rolled back')
      const isEmpty = line.length < 2
      holder.hidden = isEmpty
      if (isEmpty) {
        note.textContent = 'Shown once two blocks of sales are over.'
        return
      }
      const key = JSON.stringify([line.at(-1), line.length, decisions.length, body.clientWidth, style('--faint')])
      if (key !== drawn) build(line, decisions)
      drawn = key
      const last = line.at(-1)
      const text = `${tame(last.modelId, 60)} saves ${percent(last.skill)} of the loss of the rule of similar sales on the newest ${count(last.sales)} sales.`
      holder.setAttribute('aria-label', text)
      note.textContent = `${text} A line down: a promotion; dashed: a rollback.`
    },
  }
}
