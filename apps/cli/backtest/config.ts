import { defineConfig, oneOf } from '#lib/app/config.ts'
import { backendChoices } from '#lib/model/network/tfjs-runtime.ts'

export const backtestSettings = defineConfig({
  TF_BACKEND: {
    schema: oneOf(backendChoices),
    // Not auto: what comes out must not depend on what happens to be installed.
    default: 'wasm',
    description: 'Where networks are trained and run: tensorflow (native), wasm, cpu (JavaScript), or auto: the first of these that works.',
  },
})
