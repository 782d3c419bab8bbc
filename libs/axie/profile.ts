import type { Item, ItemProfile, SixParts } from '#schemas/types.ts'
import { type Anatomy, anatomyOf, type SixBodyParts } from './anatomy.ts'
import { profileAttributesOf } from './attributes.ts'
import { decodeGenes, type Genes, geneQualityOf } from './genes.ts'
import { type PartType, partTypes } from './parts.ts'
import { cardTotalsOf, purityOf, statsOf } from './stats.ts'

/** A part that nothing stands for contradicts no genes. */
const saysTheSame = (genes: Genes, anatomy: Anatomy): boolean =>
  genes.class === anatomy.class &&
  partTypes.every((type) => {
    const [gene, part] = [genes.parts[type].dominant, anatomy.parts[type]]
    return part.standsFor === null || (gene.class === part.class && gene.code === part.geneCode)
  })

const sixOf = (read: (type: PartType) => string): SixParts => ({
  eyes: read('eyes'),
  ears: read('ears'),
  mouth: read('mouth'),
  horn: read('horn'),
  back: read('back'),
  tail: read('tail'),
})

/** Null where every id tells by itself which part it is. */
const plainPartsOf = (parts: SixBodyParts): SixParts | null =>
  partTypes.every((type) => parts[type].isKnown) ? null : sixOf((type) => parts[type].standsFor?.id ?? '')

/**
 * The axie decoded and checked. The parts are the market's word; genes that cannot be read, or that contradict class or parts, count as
 * unknown (no gene quality), never as an error: a longer gene format must not cost us a listing. Nor does a part whose id is in no table:
 * it is counted in `attributes.unknownParts`.
 * RejectedError: unknown_class, unknown_part, bad_breed_count.
 */
export function profileOf(item: Item): ItemProfile {
  const anatomy = anatomyOf(item)
  const parts = Object.values(anatomy.parts)
  const decoded = decodeGenes(item.genes)
  const genes = decoded !== null && saysTheSame(decoded, anatomy) ? decoded : null
  return {
    tokenId: item.tokenId,
    class: anatomy.class,
    breedCount: anatomy.breedCount,
    parts: sixOf((type) => anatomy.parts[type].id),
    purity: purityOf(anatomy.class, parts),
    geneQuality: genes === null ? null : geneQualityOf(genes),
    genes: genes === null ? null : item.genes,
    stats: statsOf(anatomy.class, parts),
    cards: cardTotalsOf(parts),
    specialParts: parts.filter((part) => part.special !== null).length,
    image: item.image,
    attributes: profileAttributesOf(item, parts),
    plainParts: plainPartsOf(anatomy.parts),
  }
}
