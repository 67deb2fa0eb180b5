/** A document that was checked, as a message. */
import { FlagDocument } from '@flagstream/protocol/gen/flagstream/v1/document';

interface Written {
  readonly flags?: readonly ({ readonly flag?: WrittenFlag | null } | null)[] | null;
}
interface WrittenFlag {
  readonly variants?: readonly ({ readonly value?: unknown } | null)[] | null;
}

/** Generated readers take a null for an absent field; as a variant's value it is a value. */
export function documentFromJson(json: unknown): FlagDocument {
  const document = FlagDocument.fromJSON(json);
  const { flags } = json as Written;
  document.flags.forEach(({ flag }, i) => {
    flag?.variants.forEach((variant, j) => {
      if (flags?.[i]?.flag?.variants?.[j]?.value === null) variant.value = null;
    });
  });
  return document;
}
