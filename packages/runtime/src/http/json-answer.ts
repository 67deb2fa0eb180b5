/**
 * Small JSON answers over HTTP/1.1.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers with a JSON document; to HEAD with its headers only. */
export function answerJson(
  request: IncomingMessage,
  response: ServerResponse,
  statusCode: number,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): void {
  answerText(
    request,
    response,
    statusCode,
    'application/json; charset=utf-8',
    `${JSON.stringify(body)}\n`,
    headers,
  );
}

export function answerText(
  request: IncomingMessage,
  response: ServerResponse,
  statusCode: number,
  contentType: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(statusCode, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

/** For what names no method. */
export function notFound(request: IncomingMessage, response: ServerResponse): void {
  answerJson(request, response, 404, {
    error: 'not found',
    hint: 'POST /package.Service/Method calls a method; health, metrics and OFREP have ports of their own (8011 or 8014, and 8016, unless set otherwise)',
  });
}
