import http from 'node:http'
import https from 'node:https'

/** The client throws on these without reading the answer (its `retryHttpCodes`). */
const unreadByClient = new Set([408, 429, 499, 500, 502, 503, 504, 520])

/**
 * What the minio client sends through, with what it lacks: a timeout, and an end to the bodies it never reads.
 * An unread answer would hold its connection for ever.
 */
export function createS3Transport(options: { secure: boolean; timeoutMillis: number; maxConnections: number }) {
  const { request } = options.secure ? https : http
  const Agent = options.secure ? https.Agent : http.Agent
  // Idle connections are closed before any usual server closes them: a write on a connection the server just closed has an unknown result.
  const agent = new Agent({ keepAlive: true, maxSockets: options.maxConnections, timeout: Math.min(4_000, options.timeoutMillis) })
  const transport = {
    request(requestOptions: http.RequestOptions, onResponse: (response: http.IncomingMessage) => void): http.ClientRequest {
      const sent = request(requestOptions, (response) => {
        onResponse(response)
        if (unreadByClient.has(response.statusCode ?? 0)) response.resume()
      })
      sent.setTimeout(options.timeoutMillis, () => sent.destroy(timeoutError(options.timeoutMillis)))
      return sent
    },
  }
  return { transport, agent }
}

const timeoutError = (millis: number) => Object.assign(new Error(`no answer within ${millis} ms`), { code: 'ETIMEDOUT' })
