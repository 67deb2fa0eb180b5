/**
 * For tests: test.Probe, a service with a descriptor, on a host of its own, and the real clients of both protocols.
 */
import {
  create,
  createFileRegistry,
  type DescService,
  type FileRegistry,
  fromBinary,
  type Message,
  toBinary,
} from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_struct,
} from '@bufbuild/protobuf/wkt';
import type { ServiceDefinition } from '@grpc/grpc-js';
import { type Running, start } from '../grpc/echo-host.fixture.ts';
import type { GrpcHostOptions } from '../grpc/grpc-host.ts';
import { bidi, type Handler, serverStream, unary } from '../grpc/handler.ts';
import { definitionOf } from './described-method.fixture.ts';

/** test.Text, as its handlers have it. */
export interface ProbeText extends Message {
  readonly text: string;
  readonly bigCount: bigint;
  readonly isOn: boolean;
}

const { STRING, INT64, BOOL, MESSAGE } = FieldDescriptorProto_Type;

const field = (name: string, number: number, type: FieldDescriptorProto_Type, typeName?: string) => ({
  name,
  jsonName: name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  number,
  type,
  label: FieldDescriptorProto_Label.OPTIONAL,
  ...(typeName === undefined ? {} : { typeName }),
});

const method = (name: string, clientStreaming: boolean, serverStreaming: boolean) => ({
  name,
  inputType: '.test.Text',
  outputType: '.test.Text',
  clientStreaming,
  serverStreaming,
});

const PROBE_SET: Uint8Array = toBinary(
  FileDescriptorSetSchema,
  create(FileDescriptorSetSchema, {
    file: [
      file_google_protobuf_struct.proto,
      create(FileDescriptorProtoSchema, {
        name: 'test.proto',
        package: 'test',
        syntax: 'proto3',
        dependency: ['google/protobuf/struct.proto'],
        messageType: [
          {
            name: 'Text',
            field: [
              field('text', 1, STRING),
              field('big_count', 2, INT64),
              field('is_on', 3, BOOL),
              field('context', 4, MESSAGE, '.google.protobuf.Struct'),
            ],
          },
        ],
        service: [
          {
            name: 'Probe',
            method: [method('Say', false, false), method('Tell', false, true), method('Chat', true, true)],
          },
        ],
      }),
    ],
  }),
);

const registry: FileRegistry = createFileRegistry(fromBinary(FileDescriptorSetSchema, PROBE_SET));
export const Probe: DescService = registry.getService('test.Probe')!;

export interface ProbeHandlers {
  readonly say?: Handler;
  readonly tell?: Handler;
}

/** A host that serves Probe. By default Say answers what it is told, and Tell its letters one by one. */
export function startProbe(
  handlers: ProbeHandlers = {},
  options: Partial<GrpcHostOptions> = {},
): Promise<Running> {
  const definition = Object.fromEntries(
    Probe.methods.map((desc) => [desc.localName, definitionOf(desc)]),
  ) as ServiceDefinition;
  return start(
    [
      {
        definition,
        policy: { say: 'evaluate', tell: 'sync', chat: 'sync' },
        handlers: {
          say: handlers.say ?? unary<ProbeText, ProbeText>((text) => text),
          tell:
            handlers.tell ??
            serverStream<ProbeText, Partial<ProbeText>>(({ text }, stream) => {
              for (const letter of text) stream.write({ text: letter });
              stream.end();
            }),
          chat: bidi((stream) => void stream.end()),
        },
      },
    ],
    { descriptorSet: () => PROBE_SET, reflection: false, ...options },
  );
}

/** As curl would. */
export function post(
  port: number,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
}
