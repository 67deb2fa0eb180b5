/**
 * Pages: sizes are coerced, never refused; a token is opaque and bound to the
 * arguments of the call that it continues.
 */
import { fail, LIMITS, sha256 } from '@flagstream/protocol';

/** What a page request says. */
export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

export function pageSize(requested: number): number {
  if (requested <= 0) return LIMITS.pageSizeDefault;
  return Math.min(requested, LIMITS.pageSizeMax);
}

/** Continues after `position` in a call with these arguments. */
export function pageToken(args: readonly unknown[], position: string): string {
  return Buffer.from(JSON.stringify([bindingOf(args), position])).toString('base64url');
}

/**
 * The position that a token holds; undefined for the first page.
 * @throws FlagstreamError PAGE_TOKEN_MISMATCH.
 */
export function pagePosition(args: readonly unknown[], token: string): string | undefined {
  if (token === '') return undefined;
  const [binding, position] = decode(token);
  if (binding === bindingOf(args) && typeof position === 'string') return position;
  const description = 'is of another call, or is not a token of this server';
  throw fail('PAGE_TOKEN_MISMATCH', `page_token: ${description}`, {
    fields: [{ field: 'page_token', description }],
  });
}

function decode(token: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    return Array.isArray(value) ? value : [];
  } catch {
    // Not JSON: not one of our tokens, which the caller says.
    return [];
  }
}

function bindingOf(args: readonly unknown[]): string {
  return Buffer.from(sha256(new TextEncoder().encode(JSON.stringify(args))))
    .subarray(0, 9)
    .toString('base64url');
}
