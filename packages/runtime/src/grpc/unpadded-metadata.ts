/** Metadata whose bytes travel as gRPC asks of servers, in base64 without its padding. grpc-js alone pads. */
import { Metadata } from '@grpc/grpc-js';

type Http2Headers = ReturnType<Metadata['toHttp2Headers']>;

export class UnpaddedMetadata extends Metadata {
  static of(metadata: Metadata): Metadata {
    const unpadded = new UnpaddedMetadata();
    unpadded.merge(metadata);
    return unpadded;
  }

  /** grpc-js sends a clone. */
  override clone(): Metadata {
    return UnpaddedMetadata.of(this);
  }

  override toHttp2Headers(): Http2Headers {
    return unpaddedHeaders(super.toHttp2Headers());
  }
}

/** Changes the headers that metadata was made into, and answers them. */
export function unpaddedHeaders(headers: Http2Headers): Http2Headers {
  for (const [name, value] of Object.entries(headers)) {
    if (!name.endsWith('-bin') || value === undefined) continue;
    headers[name] = Array.isArray(value) ? value.map(withoutPadding) : withoutPadding(String(value));
  }
  return headers;
}

function withoutPadding(base64: string): string {
  return base64.replace(/=+$/, '');
}
