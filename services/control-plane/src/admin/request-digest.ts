/**
 * What makes two requests the same: the digest that stands beside an op_id.
 *
 * SHA-256 of the UTF-8 text
 *   <full method name> "\n" <proto JSON of the request>
 * where the JSON has no op_id and no validate_only, its members sorted by name
 * at every depth, and no white space. Fields at their default are absent, as in
 * proto JSON. The form is part of the log: it must never change.
 */
import { fail, messageOf, sha256 } from '@flagstream/protocol';

export function requestDigest(method: string, requestJson: unknown): Uint8Array {
  const { opId: _, validateOnly: __, ...content } = requestJson as Record<string, unknown>;
  return sha256(new TextEncoder().encode(`${method}\n${canonicalJson(content)}`));
}

/** The proto JSON of a request. @throws FlagstreamError INVALID_FIELD for what JSON cannot say. */
export function requestJson<T>(codec: { toJSON(message: T): unknown }, request: T): unknown {
  try {
    return codec.toJSON(request);
  } catch (cause) {
    // An enum value of another release, or a time outside the calendar.
    const description = messageOf(cause);
    throw fail('INVALID_FIELD', `the request holds a value that is not known here: ${description}`, {
      cause,
    });
  }
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
