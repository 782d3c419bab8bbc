import fc from 'fast-check'

/**
 * Property tests draw the same cases in every run: a suite that a newcomer starts must not fail by bad luck. `npm run fuzz` gives other
 * seeds; what it finds becomes an example of the property.
 */
const seed = Number(process.env['PROPERTY_SEED'] ?? 20_220_411)
fc.configureGlobal({ seed })
