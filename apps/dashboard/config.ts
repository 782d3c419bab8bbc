import { z } from 'zod'
import { decimal, defineConfig, integer, oneOf, optionalText, text, url } from '#lib/app/config.ts'
import { publicApi } from '#lib/marketplace/contract.ts'
import { keySettings } from '#lib/marketplace/key-settings.ts'
import { backendChoices } from '#lib/model/network/tfjs-runtime.ts'

/** Comma separated; empty: none. */
const list = () =>
  z.string().transform((value) =>
    value
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  )

export const settings = defineConfig({
  DASHBOARD_HOST: {
    schema: text(),
    default: '127.0.0.1',
    description: 'Where page and API are served. Anything but this machine needs API_TOKEN, and TLS in front.',
  },
  DASHBOARD_PORT: { schema: integer(0, 65_535), default: '8080', description: 'Its port; 0 takes a free one.' },
  API_TOKEN: {
    schema: optionalText(),
    default: '',
    description: 'Asked of everyone as a bearer token, and by the page of its reader; empty: of nobody.',
    secret: true,
  },
  API_WITHOUT_TOKEN: {
    schema: oneOf(['refuse', 'allow']),
    default: 'refuse',
    description: 'allow: serves others than this machine without a token, where something in front asks who they are.',
  },
  DASHBOARD_HOSTS: {
    schema: list(),
    default: '',
    description:
      'Names by which people reach page and API, comma separated; requests to others are refused. Addresses and localhost always do.',
  },
  TRUSTED_PROXIES: {
    schema: list(),
    default: '',
    description: 'Addresses or networks (10.0.0.0/8) of proxies in front, comma separated: whose X-Forwarded-For says who asks.',
  },
  API_REQUESTS_PER_MINUTE: {
    schema: integer(1, 100_000_000),
    default: '600',
    unit: '1/min',
    description: 'Of one address, before it is answered 429.',
  },
  MAX_READERS_PER_ADDRESS: { schema: integer(1, 10_000), default: '20', description: 'Of them, from one address.' },
  MAX_READERS: { schema: integer(1, 10_000), default: '100', description: 'Pages that may be open at once, all together.' },
  MARKETPLACE_URL: {
    schema: url(),
    default: publicApi,
    description: "The marketplace's GraphQL API, asked for axies that were not seen in the stream.",
  },
  AXIE_API_KEY: {
    schema: optionalText(),
    default: '',
    description: 'Sent as X-API-Key; empty: only axies that were seen in the stream can be priced by their number.',
    secret: true,
  },
  ...keySettings,
  REQUESTS_PER_SECOND: {
    schema: decimal(0.01, 10_000),
    default: '1',
    unit: '1/s',
    description: "At most, of the marketplace: on top of the collector's, and out of the same quota.",
  },
  PICTURE_ORIGIN: {
    schema: optionalText(),
    default: 'https://axiecdn.axieinfinity.com',
    description: 'The only place that pictures of axies may come from; empty: pictures are drawn. A simulated market has drawn ones only.',
  },
  TF_BACKEND: {
    schema: oneOf(backendChoices),
    default: 'auto',
    description: 'Where the model runs that prices on request: tensorflow (native), wasm, cpu (JavaScript), or auto.',
  },
})
