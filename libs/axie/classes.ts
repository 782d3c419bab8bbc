/** The nine classes, in the order of the alphabet: an axie's class number is its place here. */
export const axieClasses = ['aquatic', 'beast', 'bird', 'bug', 'dawn', 'dusk', 'mech', 'plant', 'reptile'] as const

export type AxieClass = (typeof axieClasses)[number]

const known: ReadonlyMap<string, AxieClass> = new Map(axieClasses.map((name) => [name, name]))

/** The class of that name in any case (the market writes Aquatic), or null. */
export const classOf = (name: string): AxieClass | null => known.get(name) ?? known.get(name.toLowerCase()) ?? null

const numbers: ReadonlyMap<string, number> = new Map(axieClasses.map((name, number) => [name, number]))

/** 0 to 8; -1 for a name that is no class. */
export const classNumber = (name: string): number => numbers.get(name) ?? -1
