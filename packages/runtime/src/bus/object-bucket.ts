/**
 * A NATS object store whose objects are small enough for one message each:
 * written in the format of NATS's object store, so that its tools can list
 * them; read one request at a time, so that each read has a deadline (nats.js
 * reads objects through a consumer, which waits for ever on a lost connection).
 *
 * Holds true: an object is there when its meta message is, which is written
 * after the content and carries the content's SHA-256.
 */
import { createHash } from 'node:crypto';
import { headers, JSONCodec, JsHeaders, StorageType } from 'nats';
import { unlessMissing } from './log-stream.ts';
import type { Link } from './nats-link.ts';

interface ObjectMeta {
  readonly name: string;
  readonly bucket: string;
  readonly nuid: string;
  readonly size: number;
  readonly chunks: number;
  readonly digest: string;
  readonly mtime: string;
  readonly options: { readonly max_chunk_size: number };
}

const meta = JSONCodec<ObjectMeta>();

export class ObjectBucket {
  readonly #link: Link;
  readonly #bucket: string;

  constructor(link: Link, bucket: string) {
    this.#link = link;
    this.#bucket = bucket;
  }

  /** Makes the bucket unless it is there. */
  async create(): Promise<void> {
    await this.#link.js.views.os(this.#bucket, { storage: StorageType.File });
  }

  /** Names of whole objects, and of what only has content yet. Empty without a bucket. */
  async names(): Promise<{ readonly whole: ReadonlySet<string>; readonly partial: ReadonlySet<string> }> {
    const filter = { subjects_filter: `$O.${this.#bucket}.>`, deleted_details: false, offset: 0 };
    const info = await unlessMissing(this.#link.jsm.streams.info(this.#stream, filter));
    const subjects = new Set(Object.keys(info?.state.subjects ?? {}));
    const whole = new Set<string>();
    const partial = new Set<string>();
    const contentStart = this.#contentSubject('');
    for (const subject of subjects) {
      if (!subject.startsWith(contentStart)) continue;
      const name = subject.slice(contentStart.length);
      (subjects.has(this.#metaSubject(name)) ? whole : partial).add(name);
    }
    return { whole, partial };
  }

  /** @param name a token of a NATS subject */
  async put(name: string, content: Uint8Array): Promise<void> {
    const { js } = this.#link;
    await js.publish(this.#contentSubject(name), content, { headers: replacing() });
    const described = meta.encode({
      name,
      bucket: this.#bucket,
      nuid: name,
      size: content.length,
      chunks: 1,
      digest: digestOf(content),
      mtime: new Date().toISOString(),
      options: { max_chunk_size: content.length },
    });
    await js.publish(this.#metaSubject(name), described, { headers: replacing() });
  }

  /** Whether its meta message is there, which was written last. */
  async has(name: string): Promise<boolean> {
    return (await this.#last(this.#metaSubject(name))) !== undefined;
  }

  /** Undefined: it is not there, or its content is not what was written. */
  async get(name: string): Promise<Uint8Array | undefined> {
    const described = await this.#last(this.#metaSubject(name));
    const content = described && (await this.#last(this.#contentSubject(name)));
    if (described === undefined || content === undefined) return undefined;
    return digestOf(content) === digestIn(described) ? content : undefined;
  }

  /** Content alone, for who knows its checksum. */
  content(name: string): Promise<Uint8Array | undefined> {
    return this.#last(this.#contentSubject(name));
  }

  async remove(name: string): Promise<void> {
    const { streams } = this.#link.jsm;
    for (const filter of [this.#metaSubject(name), this.#contentSubject(name)])
      await unlessMissing(streams.purge(this.#stream, { filter }));
  }

  get #stream(): string {
    return `OBJ_${this.#bucket}`;
  }

  #contentSubject(name: string): string {
    return `$O.${this.#bucket}.C.${name}`;
  }

  #metaSubject(name: string): string {
    const encoded = Buffer.from(name).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
    return `$O.${this.#bucket}.M.${encoded}`;
  }

  async #last(subject: string): Promise<Uint8Array | undefined> {
    const { streams } = this.#link.jsm;
    const stored = await unlessMissing(streams.getMessage(this.#stream, { last_by_subj: subject }));
    return stored?.data;
  }
}

/** A subject holds its newest message only. */
function replacing(): ReturnType<typeof headers> {
  const replace = headers();
  replace.set(JsHeaders.RollupHdr, JsHeaders.RollupValueSubject);
  return replace;
}

function digestIn(described: Uint8Array): string | undefined {
  try {
    return meta.decode(described).digest;
  } catch {
    // Not JSON: then it says nothing of the content, and none will match.
    return undefined;
  }
}

/** As NATS's object store writes it: base64url, padded. */
function digestOf(content: Uint8Array): string {
  const base64 = createHash('sha256').update(content).digest('base64');
  return `SHA-256=${base64.replaceAll('+', '-').replaceAll('/', '_')}`;
}
