/** Elements are made here and only here: children are text or elements, so nothing that the market says can become markup. */

const svgNamespace = 'http://www.w3.org/2000/svg'

/** `h('p', { class: 'x' }, 'text', child)`; a property that is null or false is left out, and so is such a child. */
export const h = (name, properties = {}, ...children) => fill(document.createElement(name), properties, children)

export const svg = (name, properties = {}, ...children) => fill(document.createElementNS(svgNamespace, name), properties, children)

export const byId = (id) => document.getElementById(id)

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue
    element.append(child instanceof Node ? child : String(child))
  }
  return element
}

/** The text of an element, written only where it differs: an unchanged page costs nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}
