/** Update masks: which fields of a resource a request replaces. */
import { fail, invalidField } from '@flagstream/protocol';
import type { Message, ResourceType } from './resource.ts';

/**
 * Property names that a mask names, by their proto or JSON name. An empty mask,
 * or "*", is every field that a person may write.
 * @throws FlagstreamError UNKNOWN_FIELD, INVALID_FIELD.
 */
export function maskedFields(type: ResourceType, mask: readonly string[] | undefined): readonly string[] {
  if (mask === undefined || mask.length === 0) return type.writable;
  if (mask.includes('*')) {
    if (mask.length > 1) throw invalidField('update_mask', '"*" stands alone');
    return type.writable;
  }
  return mask.map((path) => maskedField(type, path));
}

function maskedField(type: ResourceType, path: string): string {
  const property = camelCase(path);
  if (type.writable.includes(property)) return property;
  const description = type.outputOnly.includes(property)
    ? `${JSON.stringify(path)} is set by the server`
    : `${JSON.stringify(path.slice(0, 100))} is not a field of a ${type.noun}; whole fields are: ${type.writable.map(snakeCase).join(', ')}`;
  throw fail('UNKNOWN_FIELD', `update_mask: ${description}`, {
    fields: [{ field: 'update_mask', description }],
  });
}

/** `before` with the named fields of `update`. */
export function mergeFields(before: Message, update: Message, fields: readonly string[]): Message {
  const from = new Map<string, unknown>(Object.entries(update));
  return { ...before, ...Object.fromEntries(fields.map((field) => [field, from.get(field)])) };
}

/** "offVariant" and "off_variant" are the same field. */
function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** A path below an entity as the engine says it, as a path in the request: proto field names. */
export function requestPath(prefix: string, path: string): string {
  if (path === '') return prefix;
  // Below json_logic stand the expression's own names, not ours.
  const logic = path.indexOf('.jsonLogic.');
  const own = logic === -1 ? path : path.slice(0, logic + '.jsonLogic'.length);
  return `${prefix}.${snakeCase(own)}${path.slice(own.length)}`;
}
