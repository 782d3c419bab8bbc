/** Takes one step: changes `parameters` in place, given the loss's gradient with respect to them. */
export type Optimizer = Readonly<{ step(parameters: Float32Array, gradient: Float32Array, learningRate: number): void }>

/**
 * Adam with decoupled weight decay: Kingma and Ba 2015, Loshchilov and Hutter 2019.
 * On typed arrays rather than tensors: for 50,000 parameters one loop is faster than the ten small tensor operations it replaces.
 * @param weightDecay the share of a parameter that a step takes away is learningRate × weightDecay
 * @param decays 1 for parameters that decay (matrices), 0 for those that do not (biases)
 */
export function createAdam(options: { decays: Uint8Array; weightDecay: number }): Optimizer {
  const { decays, weightDecay } = options
  const [momentum, momentumOfSquares, epsilon] = [0.9, 0.999, 1e-8]
  const mean = new Float64Array(decays.length)
  const meanOfSquares = new Float64Array(decays.length)
  let steps = 0
  return {
    step(parameters, gradient, learningRate) {
      steps++
      const biasOfMean = 1 - momentum ** steps
      const biasOfSquares = 1 - momentumOfSquares ** steps
      for (let index = 0; index < parameters.length; index++) {
        const slope = gradient[index] as number
        const first = momentum * (mean[index] as number) + (1 - momentum) * slope
        const second = momentumOfSquares * (meanOfSquares[index] as number) + (1 - momentumOfSquares) * slope * slope
        mean[index] = first
        meanOfSquares[index] = second
        const kept = (parameters[index] as number) * (1 - learningRate * weightDecay * (decays[index] as number))
        parameters[index] = kept - (learningRate * (first / biasOfMean)) / (Math.sqrt(second / biasOfSquares) + epsilon)
      }
    },
  }
}
