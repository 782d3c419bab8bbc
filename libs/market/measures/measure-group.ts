/** A name and what it means, in words: both are hashed, so whoever changes a meaning changes the measure set. */
export type MeasureDefinition = readonly [name: string, definition: string]

/**
 * Some measures made together. `write` appends one number for each definition, in their order; NaN where nothing is known. Nothing here
 * may depend on an ask, least of all the item's own: a fixed-price ask that sold is the label.
 */
export type MeasureGroup<Input> = Readonly<{
  definitions: readonly MeasureDefinition[]
  write(into: number[], input: Input): void
}>
