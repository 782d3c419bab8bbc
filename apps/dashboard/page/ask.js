import { authorized } from './connection.js'

/** Asks the API: `{ answer }`, or `{ problem: { title, detail, status } }` as RFC 9457 has it. Never rejects. */
export async function ask(path) {
  try {
    const response = await fetch(path, { headers: authorized() })
    const json = await response.json()
    return response.ok ? { answer: json } : { problem: json }
  } catch {
    return { problem: { title: 'No answer', detail: 'The dashboard’s server cannot be reached; try again.', status: 0 } }
  }
}
