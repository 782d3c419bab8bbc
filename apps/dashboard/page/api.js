import { authorized } from './connection.js'
import { byId, h, setText } from './dom.js'
import { startTheme } from './theme.js'

/** The OpenAPI document for people: each path with what it takes and answers, and for GET a way to try it. */

const maxShown = 4_000

function operationOf(method, path, operation) {
  const parameters = operation.parameters ?? []
  const body = operation.requestBody?.content['application/json']?.schema
  return h(
    'section',
    { class: 'panel' },
    h('header', {}, h('h2', {}, h('code', {}, `${method.toUpperCase()} ${path}`)), h('p', { class: 'aside' }, operation.summary ?? '')),
    parameters.length === 0
      ? null
      : fields(
          'Takes',
          parameters.map(({ name, schema, required }) => [name, schema, required === true]),
        ),
    body === undefined ? null : fields('Takes, as JSON', fieldsOf(body)),
    fields('Answers', fieldsOf(answerOf(operation))),
    h('p', { class: 'note' }, `Else: ${failuresOf(operation)}`),
    method === 'get' ? tryIt(path, parameters) : null,
  )
}

const answerOf = ({ responses }) => responses['200']?.content?.['application/json']?.schema ?? {}
const fieldsOf = ({ properties = {}, required = [] }) =>
  Object.entries(properties).map(([name, schema]) => [name, schema, required.includes(name)])
const failuresOf = ({ responses }) =>
  Object.entries(responses)
    .filter(([status]) => status !== '200')
    .map(([status, { description }]) => `${status} ${description}`)
    .join(' · ')

function fields(title, rows) {
  return h(
    'table',
    { class: 'plain' },
    h('caption', {}, title),
    h(
      'tbody',
      {},
      ...rows.map(([name, schema, isRequired]) =>
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, h('code', {}, name)),
          h('td', {}, typeOf(schema)),
          h('td', { class: 'wraps' }, [isRequired ? null : 'optional', schema.description].filter(Boolean).join('. ')),
        ),
      ),
    ),
  )
}

function typeOf(schema) {
  if (schema.enum !== undefined) return schema.enum.join(' | ')
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' | ')
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`
  if (Array.isArray(schema.type)) return schema.type.join(' | ')
  return schema.const ?? schema.type ?? 'any'
}

function tryIt(path, parameters) {
  const inputs = parameters.map(({ name, in: place }) => ({
    name,
    place,
    input: h('input', { name, 'aria-label': name, placeholder: name, required: place === 'path' }),
  }))
  const output = h('pre', { hidden: true, tabindex: '0', 'aria-label': 'The answer' })
  const ask = async (event) => {
    event.preventDefault()
    const query = new URLSearchParams()
    let address = path
    for (const { name, place, input } of inputs) {
      if (place === 'path') address = address.replace(`{${name}}`, encodeURIComponent(input.value))
      else if (input.value !== '') query.set(name, input.value)
    }
    const response = await fetch(query.size === 0 ? address : `${address}?${query}`, { headers: authorized() })
    const text = JSON.stringify(await response.json(), null, 2)
    setText(output, `${response.status}\n${text.length > maxShown ? `${text.slice(0, maxShown)}\n…` : text}`)
    output.hidden = false
  }
  return h(
    'div',
    {},
    h('form', { class: 'try', onsubmit: ask }, ...inputs.map(({ input }) => input), h('button', { type: 'submit' }, 'Try it')),
    output,
  )
}

startTheme(() => {})
const document_ = await (await fetch('/api/openapi.json')).json()
setText(byId('about'), document_.info.description)
for (const [path, methods] of Object.entries(document_.paths))
  for (const [method, operation] of Object.entries(methods)) byId('paths').append(operationOf(method, path, operation))
