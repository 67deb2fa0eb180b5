/**
 * Small JSON answers over HTTP/1.1.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers with a JSON document; to HEAD with its headers only. */
export function answerJson(
  request: IncomingMessage,
  response: ServerResponse,
  statusCode: number,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): void {
  answerText(request, response, statusCode, JSON_TYPE, `${JSON.stringify(body)}\n`, headers);
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

/** For what names no method. @param elsewhere what has ports of its own, and which: "health and metrics on 8014" */
export function notFound(
  elsewhere: () => string | undefined,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const others = elsewhere();
    const beside = others === undefined ? '' : `; elsewhere: ${others}`;
    const hint = `POST /package.Service/Method calls a method${beside}`;
    answerJson(request, response, 404, { error: 'not found', hint });
  };
}
