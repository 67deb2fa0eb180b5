/** Metadata whose bytes travel as gRPC asks of servers, in base64 without its padding. grpc-js alone pads. */
import { Metadata } from '@grpc/grpc-js';

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

  override toHttp2Headers(): ReturnType<Metadata['toHttp2Headers']> {
    const headers = super.toHttp2Headers();
    for (const [name, value] of Object.entries(headers)) {
      if (!name.endsWith('-bin') || value === undefined) continue;
      headers[name] = Array.isArray(value) ? value.map(withoutPadding) : withoutPadding(String(value));
    }
    return headers;
  }
}

function withoutPadding(base64: string): string {
  return base64.replace(/=+$/, '');
}
