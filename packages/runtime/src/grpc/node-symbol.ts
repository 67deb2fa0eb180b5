/**
 * The symbol behind which Node keeps something of an object of its own, by the name that Node gave it. Undefined where
 * Node has changed inside: whoever asks must then do without.
 */
export function nodeSymbol(object: object, name: string): symbol | undefined {
  return Object.getOwnPropertySymbols(object).find(({ description }) => description === name);
}
