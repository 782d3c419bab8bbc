import { defineConfig, integer, oneOf } from '#lib/app/config.ts'
import { backendChoices } from '#lib/model/network/tfjs-runtime.ts'

export const settings = defineConfig({
  TF_BACKEND: {
    schema: oneOf(backendChoices),
    default: 'auto',
    description: 'Where the network runs: tensorflow (native), wasm, cpu (JavaScript), or auto: the first of these that works.',
  },
  MODELS_IN_MEMORY: {
    schema: integer(2, 100),
    default: '8',
    description: 'Models kept loaded; a listing may name an older one, while it is replayed or was promoted back.',
  },
})
