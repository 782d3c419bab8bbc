/**
 * The registry client builds its errors from `response.data().message`. For a refusal whose body is the JSON `null` (some proxies send it)
 * that throws where nobody catches: Node ends the process, and the request never does. Such a body counts as one without fields.
 * Import for effect, once, before the first request.
 */
import { createRequire } from 'node:module'

type Response = { data(): unknown }

const clientPath = createRequire(import.meta.url).resolve('@kafkajs/confluent-schema-registry')
// The very module that the client loads: mappersmith comes in two formats, which share nothing.
const { Response } = createRequire(clientPath)('mappersmith') as { Response: { prototype: Response } }

const { data } = Response.prototype
Response.prototype.data = function (this: Response) {
  return data.call(this) ?? {}
}
