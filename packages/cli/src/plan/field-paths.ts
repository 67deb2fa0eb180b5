/** Paths at which two JSON values differ. Pure. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** In the order of the fields; "" when the values differ as a whole. */
export function fieldPaths(before: Json | undefined, after: Json | undefined, path = ''): readonly string[] {
  if (sameJson(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return names.flatMap((name) =>
      fieldPaths(before[name], after[name], path === '' ? name : `${path}.${name}`),
    );
  }
  // Elements of lists of equal length correspond; otherwise the list as a whole has changed.
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return (before as readonly Json[]).flatMap((element, i) =>
      fieldPaths(element, (after as readonly Json[])[i], `${path}[${i}]`),
    );
  return [path];
}

export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((element, i) => sameJson(element as Json, b[i] as Json));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && sameJson(a[key], b[key]));
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
