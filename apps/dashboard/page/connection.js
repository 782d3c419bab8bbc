/**
 * The stream of events, read with fetch: unlike EventSource it can send the token, and a connection that has fallen silent is noticed.
 * Comes back by itself, for ever; the server then sends the whole picture.
 */

const silenceMillis = 25_000
const firstWaitMillis = 500
const maxWaitMillis = 10_000
const tokenKey = 'flipstream-token'

export const token = () => sessionStorage.getItem(tokenKey)
export const setToken = (value) => sessionStorage.setItem(tokenKey, value)

export const authorized = () => (token() === null ? {} : { authorization: `Bearer ${token()}` })

/** `onState`: connecting, live, lost, refused (a token is wanted: `connect` again with one). */
export function connect({ onEvent, onState }) {
  let failures = 0
  const again = () => {
    onState('lost')
    setTimeout(open, Math.min(maxWaitMillis, firstWaitMillis * 2 ** Math.min(failures++, 10)))
  }
  const open = async () => {
    const silence = watchSilence()
    try {
      const response = await fetch('/api/events', { headers: authorized(), cache: 'no-store', signal: silence.signal })
      if (response.status === 401) return onState('refused')
      if (!response.ok || response.body === null) return again()
      failures = 0
      onState('live')
      const read = createReader(onEvent)
      for await (const text of chunks(response.body)) {
        silence.heard()
        read(text)
      }
    } catch {
      // Cut, refused or silent: all the same from here.
    } finally {
      silence.end()
    }
    again()
  }
  onState('connecting')
  open()
}

async function* chunks(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield value
  }
}

/** Frames of `text/event-stream`, as our server writes them: an event line and a data line. */
function createReader(onEvent) {
  let rest = ''
  return (text) => {
    const frames = (rest + text).split('\n\n')
    rest = frames.pop()
    for (const frame of frames) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/s.exec(frame) ?? []
      if (name !== undefined) onEvent(name, JSON.parse(data))
    }
  }
}

function watchSilence() {
  const controller = new AbortController()
  let timer
  const heard = () => {
    clearTimeout(timer)
    timer = setTimeout(() => controller.abort(), silenceMillis)
  }
  heard()
  return { signal: controller.signal, heard, end: () => clearTimeout(timer) }
}
