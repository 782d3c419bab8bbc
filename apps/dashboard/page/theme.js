import { byId, setText } from './dom.js'

const key = 'flipstream-theme'
const choices = ['system', 'light', 'dark']

/** Light, dark, or what the system says; kept in this browser. */
export function startTheme(onChange) {
  const button = byId('theme')
  let chosen = choices.includes(localStorage.getItem(key)) ? localStorage.getItem(key) : 'system'
  const apply = () => {
    if (chosen === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = chosen
    setText(button, { system: '◐', light: '☀', dark: '☾' }[chosen])
    button.setAttribute('aria-label', `Theme: ${chosen}`)
    button.title = `Theme: ${chosen}`
    onChange()
  }
  button.addEventListener('click', () => {
    chosen = choices[(choices.indexOf(chosen) + 1) % choices.length]
    localStorage.setItem(key, chosen)
    apply()
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange)
  apply()
}
