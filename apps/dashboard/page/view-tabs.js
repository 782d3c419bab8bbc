import { byId, h } from './dom.js'

/** One view at a time, named by the address's hash: so the browser's back button, bookmarks and links work. */
export function startViews(views, page) {
  const opened = views.map(({ id, title, create }) => {
    const root = byId(`view-${id}`) ?? h('div', { class: 'view', id: `view-${id}` })
    if (!root.isConnected) byId('main').append(root)
    const tab = h('a', { href: `#${id}` }, title)
    byId('views').append(tab)
    return { id, root, tab, heard: create(root, page) }
  })
  let shown = null

  const show = () => {
    const wanted = opened.find(({ id }) => location.hash === `#${id}`) ?? (shown === null ? opened[0] : shown)
    if (wanted === shown) return
    shown?.heard.hidden?.()
    shown = wanted
    for (const view of opened) {
      view.root.hidden = view !== wanted
      if (view === wanted) view.tab.setAttribute('aria-current', 'page')
      else view.tab.removeAttribute('aria-current')
    }
    wanted.heard.shown?.()
  }
  addEventListener('hashchange', show)
  show()
  return {
    /** Tells every view that wants to know of it: a hidden one must be right when it is shown. */
    tell(name, data) {
      for (const { heard } of opened) heard[name]?.(data)
    },
  }
}
