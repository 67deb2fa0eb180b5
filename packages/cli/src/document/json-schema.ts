/**
 * JSON Schema of our files, for editors: completion, descriptions and red lines
 * while typing. Made from the contract's descriptor; every message type becomes
 * a definition.
 */
import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { OPERATORS } from '@flagstream/engine';
import { KEY_PATTERN } from '@flagstream/protocol';
import { commentOf, DOCUMENT_FORMAT, documentType, isOutputOnly, uint32Max } from './document-type.ts';

type Schema = { readonly [keyword: string]: unknown };

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** Types whose JSON is not a mapping of their fields. */
const WELL_KNOWN: Readonly<Record<string, Schema>> = {
  'google.protobuf.Value': {},
  'google.protobuf.Struct': { type: 'object' },
  'google.protobuf.ListValue': { type: 'array' },
  'google.protobuf.Timestamp': { type: 'string', format: 'date-time' },
};

/** What the descriptor cannot say, by message and field. */
const REFINEMENTS: Readonly<Record<string, Schema>> = {
  'FlagDocument.format': { const: DOCUMENT_FORMAT },
  'FlagDocument.project': { pattern: KEY_PATTERN.source },
  'Comparison.operator': { examples: OPERATORS },
};

const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  FlagDocument: ['format'],
  DocumentFlag: ['flag'],
  Flag: ['name', 'kind'],
  Segment: ['name'],
  Environment: ['name'],
  Variant: ['key'],
};

export function documentJsonSchema(): Schema {
  const definitions = new Map<string, Schema>();
  const root = reference(documentType(), definitions);
  return {
    $schema: DIALECT,
    title: 'Flagstream flags',
    ...root,
    $defs: Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function reference(type: DescMessage, definitions: Map<string, Schema>): Schema {
  const wellKnown = WELL_KNOWN[type.typeName];
  if (wellKnown !== undefined) return wellKnown;
  if (!definitions.has(type.name)) {
    // Entered before its fields: conditions nest.
    definitions.set(type.name, {});
    definitions.set(type.name, messageSchema(type, definitions));
  }
  return { $ref: `#/$defs/${type.name}` };
}

function messageSchema(type: DescMessage, definitions: Map<string, Schema>): Schema {
  const exclusive = type.oneofs.flatMap((oneof) =>
    oneof.fields.flatMap((field, i) =>
      oneof.fields.slice(i + 1).map((other) => ({ not: { required: [field.jsonName, other.jsonName] } })),
    ),
  );
  return {
    type: 'object',
    description: commentOf(type),
    properties: Object.fromEntries(
      type.fields.map((field) => [field.jsonName, fieldSchema(type, field, definitions)]),
    ),
    ...(REQUIRED[type.name] === undefined ? {} : { required: REQUIRED[type.name] }),
    additionalProperties: false,
    ...(exclusive.length === 0 ? {} : { allOf: exclusive }),
  };
}

function fieldSchema(type: DescMessage, field: DescField, definitions: Map<string, Schema>): Schema {
  const description = commentOf(field);
  return {
    ...valueSchema(field, definitions),
    ...(description === '' ? {} : { description }),
    ...(isOutputOnly(field) ? { readOnly: true } : {}),
    ...REFINEMENTS[`${type.name}.${field.jsonName}`],
  };
}

function valueSchema(field: DescField, definitions: Map<string, Schema>): Schema {
  switch (field.fieldKind) {
    case 'list':
      return { type: 'array', items: elementSchema(field, definitions) };
    case 'map':
      return { type: 'object', additionalProperties: elementSchema(field, definitions) };
    default:
      return elementSchema(field, definitions);
  }
}

function elementSchema(field: DescField, definitions: Map<string, Schema>): Schema {
  if (field.message !== undefined) return reference(field.message, definitions);
  if (field.enum !== undefined) return enumSchema(field.enum);
  return scalarSchema(field);
}

function enumSchema(type: DescEnum): Schema {
  return { type: 'string', enum: type.values.map((value) => value.name) };
}

function scalarSchema(field: DescField): Schema {
  switch (field.scalar) {
    case ScalarType.STRING:
      return { type: 'string' };
    case ScalarType.BOOL:
      return { type: 'boolean' };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: 'number' };
    case ScalarType.BYTES:
      return { type: 'string', contentEncoding: 'base64' };
    case ScalarType.UINT32:
      return { type: 'integer', minimum: 0, maximum: uint32Max(field) };
    default:
      return { type: ['integer', 'string'] };
  }
}
