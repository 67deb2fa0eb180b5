// Calls whose answers are kept as the bytes that arrived, with everything else that a caller is told: status,
// details, metadata and trailers.

import { SyncRequest, SyncResponse } from '@flagstream/protocol/gen/flagstream/v1/stream';
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Headers } from './keyed-site.ts';

export interface RawAnswer {
  /** gRPC status; 0 while a stream was left open. */
  code: number;
  readonly messages: Buffer[];
  /** Error text and metadata in both directions of time: before the first message, and after the last. */
  readonly told: string[];
  error?: ServiceError;
}

export interface RawMethod {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

const same = (bytes: Buffer | Uint8Array): Buffer => Buffer.from(bytes);
const DEADLINE_MS = 10_000;

function metadataOf(headers: Headers): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

function keepMetadata(answer: RawAnswer, metadata: Metadata): void {
  for (const [name, values] of Object.entries(metadata.toJSON()))
    for (const value of values)
      answer.told.push(`${name}: ${Buffer.isBuffer(value) ? value.toString('latin1') : String(value)}`);
}

function keepError(answer: RawAnswer, error: ServiceError): void {
  const { code, details, metadata } = error;
  answer.code = code;
  answer.error = error;
  answer.told.push(details);
  keepMetadata(answer, metadata);
}

export class RawClient {
  readonly #client: Client;

  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  close(): void {
    this.#client.close();
  }

  /** A stream is left after its first messages: `enough` says when. */
  call(
    { path, requestStream, responseStream }: RawMethod,
    headers: Headers,
    message: Uint8Array,
    enough: (messages: readonly Buffer[]) => boolean = ({ length }) => length > 0,
  ): Promise<RawAnswer> {
    const answer: RawAnswer = { code: 0, messages: [], told: [] };
    const deadline = Date.now() + DEADLINE_MS;
    const metadata = metadataOf(headers);
    return new Promise((resolve) => {
      if (!requestStream && !responseStream) {
        const call = this.#client.makeUnaryRequest(
          path,
          same,
          same,
          Buffer.from(message),
          metadata,
          { deadline },
          (error, bytes) => {
            if (error !== null) keepError(answer, error);
            else answer.messages.push(bytes!);
          },
        );
        call.on('metadata', (found: Metadata) => keepMetadata(answer, found));
        call.on('status', (status: { metadata: Metadata }) => {
          keepMetadata(answer, status.metadata);
          setImmediate(() => resolve(answer));
        });
        return;
      }
      const call = requestStream
        ? this.#client.makeBidiStreamRequest(path, same, same, metadata, { deadline })
        : this.#client.makeServerStreamRequest(path, same, same, Buffer.from(message), metadata, {
            deadline,
          });
      call.on('metadata', (found: Metadata) => keepMetadata(answer, found));
      call.on('data', (bytes: Buffer) => {
        answer.messages.push(bytes);
        if (enough(answer.messages)) call.cancel();
      });
      call.on('error', (error: ServiceError) => {
        keepError(answer, error);
        resolve(answer);
      });
      call.on('end', () => resolve(answer));
      if (requestStream) {
        const both = call as ClientDuplexStream<Buffer, Buffer>;
        both.write(Buffer.from(message));
        if (!path.endsWith('/Sync')) both.end();
      }
    });
  }

  /** A stream that stays open, and what it was told so far. One of Sync takes what it is sent. */
  open({ path, requestStream }: RawMethod, headers: Headers, message: Uint8Array): RawAnswer {
    const answer: RawAnswer = { code: 0, messages: [], told: [] };
    const metadata = metadataOf(headers);
    const both = requestStream ? this.#client.makeBidiStreamRequest(path, same, same, metadata) : undefined;
    const call =
      both ?? this.#client.makeServerStreamRequest(path, same, same, Buffer.from(message), metadata);
    call.on('metadata', (found: Metadata) => keepMetadata(answer, found));
    call.on('data', (bytes: Buffer) => {
      answer.messages.push(bytes);
      const reply = both === undefined ? undefined : takenFrame(bytes);
      if (reply !== undefined) both?.write(reply);
    });
    call.on('error', (error: ServiceError) => keepError(answer, error));
    both?.write(Buffer.from(message));
    return answer;
  }
}

/** What a client of Sync says to a transfer, or to a ping. */
function takenFrame(bytes: Buffer): Buffer | undefined {
  const { frame } = SyncResponse.decode(bytes);
  const reply = (value: object): Buffer =>
    Buffer.from(SyncRequest.encode(SyncRequest.fromPartial({ frame: value } as never)).finish());
  if (frame?.$case === 'ping') return reply({ $case: 'pong', value: { nonce: frame.value.nonce } });
  const commit =
    frame?.$case === 'update' ? frame.value.commit : frame?.$case === 'commit' ? frame.value : undefined;
  if (commit === undefined) return undefined;
  const { to: rev, digestHi, digestLo } = commit;
  // An Update says its id as the revision that it leads to.
  const transferId = commit.transferId || (rev?.revision ?? 0n);
  return reply({ $case: 'ack', value: { transferId, have: { rev, digestHi, digestLo } } });
}

/** All that was told, as text: bytes as they are, and what stands in base64 within them. */
export function everythingTold({ messages, told }: RawAnswer): string {
  const text = [...messages.map((bytes) => bytes.toString('latin1')), ...told].join('\n');
  const hidden = [...text.matchAll(/[A-Za-z0-9+/_-]{12,}/g)].map(([found]) =>
    Buffer.from(found, 'base64url').toString('latin1'),
  );
  return [text, ...hidden].join('\n');
}
