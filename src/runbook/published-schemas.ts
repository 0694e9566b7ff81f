import type { TSchema } from '@sinclair/typebox';

import { writtenDrill } from './written-drill.ts';
import { writtenRunbook } from './written-runbook.ts';

/** A JSON Schema that is published for editors and scripts. */
export interface PublishedSchema {
  /** File name below `schema/`. */
  readonly file: string;
  readonly schema: object;
}

/** The schemas of what people write, from the same source as the types. */
export function publishedSchemas(): readonly PublishedSchema[] {
  return [
    { file: 'runbook.schema.json', schema: published('drillbook runbook', writtenRunbook) },
    { file: 'drill.schema.json', schema: published('drillbook drill', writtenDrill) },
  ];
}

function published(title: string, schema: TSchema): object {
  return { $schema: 'http://json-schema.org/draft-07/schema#', title, ...schema };
}
