/** The body of a request: read to its end within its bounds, and the context that it holds. */
import type { IncomingMessage } from 'node:http';
import type { JsonObject } from '@flagstream/engine';
import { fail, LIMITS } from '@flagstream/protocol';
import type { RequestHold } from './held-bytes.ts';

/**
 * What was read counts as held. What comes beyond a bound is read and dropped: a caller that is cut off while it sends does not see why.
 * @throws FlagstreamError REQUEST_TOO_LARGE, OVERLOADED, CANCELLED
 */
export function readBody(request: IncomingMessage, hold: RequestHold): Promise<Buffer> {
  const bytesMax = LIMITS.ofrepRequestBytesMax;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const refuse = (error: unknown): void => {
      chunks.length = 0;
      bytes = Number.POSITIVE_INFINITY;
      request.resume();
      reject(error);
    };
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) {
      refuse(tooLarge(bytesMax));
      return;
    }
    request.on('data', (chunk: Buffer) => {
      if (bytes > bytesMax) return;
      bytes += chunk.length;
      try {
        if (bytes > bytesMax) throw tooLarge(bytesMax);
        hold.take(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        refuse(error);
      }
    });
    const gone = (): void => {
      // Every request closes, and an error costs as much as an answer.
      if (!request.readableEnded) reject(fail('CANCELLED', 'the caller is gone'));
    };
    request.once('end', () => resolve(Buffer.concat(chunks)));
    // After an error too.
    request.once('close', gone);
  });
}

/**
 * The context of an evaluation. An empty body has none, and neither need a document: flagd takes both.
 * @throws FlagstreamError INVALID_CONTEXT
 */
export function contextOf(body: Buffer): JsonObject | undefined {
  if (body.length === 0) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(body.toString());
  } catch (cause) {
    throw fail('INVALID_CONTEXT', 'the body is no JSON document', { cause });
  }
  if (!isObject(document)) throw fail('INVALID_CONTEXT', 'the body must be a JSON object');
  const context = Object.hasOwn(document, 'context') ? document['context'] : undefined;
  if (context === undefined || context === null) return undefined;
  if (!isObject(context)) throw fail('INVALID_CONTEXT', 'context: must be a JSON object');
  return context;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tooLarge(bytesMax: number): Error {
  return fail('REQUEST_TOO_LARGE', `the body is larger than ${bytesMax} bytes`);
}
