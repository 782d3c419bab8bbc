import { defineConfig, integer, oneOf } from '#lib/app/config.ts'
import { backendChoices } from '#lib/model/network/tfjs-runtime.ts'

export const settings = defineConfig({
  TF_BACKEND: {
    schema: oneOf(backendChoices),
    default: 'auto',
    description: 'Where networks run: tensorflow (native), wasm, cpu (JavaScript), or auto: the first of these that works.',
  },
  MODELS_IN_MEMORY: {
    schema: integer(4, 100),
    default: '8',
    description: 'Models kept loaded: the champion, the one before, a challenger and the one that waits.',
  },
  PRIORITY: {
    schema: oneOf(['low', 'normal']),
    default: 'low',
    description: 'low: whoever prices on the same machine goes first; the learner may lag behind.',
  },
})
